import type { NodeInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const path = `/v1/nodes/${encodeURIComponent(context.args[0]!)}`;
  const node = await call<NodeInfo>(context, "control", "DELETE", path);
  await print(context, node, () => `node ${node.name} revoked, ${node.podCidrs.join(", ") || "no pod CIDR"} free\n`);
}
