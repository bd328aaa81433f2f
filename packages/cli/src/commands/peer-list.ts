import type { NodeInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatNodes } from "../output/nodes.ts";

export async function run(context: CommandContext): Promise<void> {
  const peers = await call<NodeInfo[]>(context, "control", "GET", "/v1/peers");
  await print(context, peers, (wide) =>
    peers.length === 0 ? "no foreign peers; add one with: warren peer add\n" : formatNodes(peers, wide, context.color),
  );
}
