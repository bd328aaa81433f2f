import type { NodeInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const path = `/v1/peers/${encodeURIComponent(context.args[0]!)}`;
  const peer = await call<NodeInfo>(context, "control", "DELETE", path);
  await print(context, peer, () => `peer ${peer.name} removed, ${peer.podCidrs.join(", ")} free\n`);
}
