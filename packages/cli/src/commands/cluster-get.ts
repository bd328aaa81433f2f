import type { ClusterInfo } from "@warren/common/api/types.ts";
import { readFromEither } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatCluster } from "../output/cluster.ts";

export async function run(context: CommandContext): Promise<void> {
  const cluster = await readFromEither<ClusterInfo>(context, ["control", "agent"], "/v1/cluster");
  await print(context, cluster, (wide) => formatCluster(cluster, wide));
}
