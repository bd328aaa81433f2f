import type { NodeInfo } from "@warren/common/api/types.ts";
import { readFromEither } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatNodes } from "../output/nodes.ts";

export async function run(context: CommandContext): Promise<void> {
  const nodes = await readFromEither<NodeInfo[]>(context, ["control", "agent"], "/v1/nodes");
  await print(context, nodes, (wide) =>
    nodes.length === 0
      ? "no nodes yet; make a join token with: warren token create\n"
      : formatNodes(nodes, wide, context.color),
  );
}
