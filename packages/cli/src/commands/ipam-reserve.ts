import type { Reservation } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print, textFlag } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const wanted: Reservation = { cidr: context.args[0]!, note: textFlag(context, "note") ?? "" };
  const reservation = await call<Reservation>(context, "control", "POST", "/v1/reservations", wanted);
  await print(context, reservation, () => `${reservation.cidr} reserved\n`);
}
