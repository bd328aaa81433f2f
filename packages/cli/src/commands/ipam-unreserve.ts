import type { Reservation } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const cidr = context.args[0]!;
  const path = `/v1/reservations/${encodeURIComponent(cidr)}`;
  const reservation = await call<Partial<Reservation>>(context, "control", "DELETE", path);
  await print(context, reservation, () => `${cidr} is no longer reserved\n`);
}
