import type { ClusterInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { parseSetting } from "../input/setting.ts";
import { formatCluster } from "../output/cluster.ts";

export async function run(context: CommandContext): Promise<void> {
  const [name, value] = parseSetting(context.args[0]!, "encapsulation=cross-subnet");
  const cluster = await call<ClusterInfo>(context, "control", "POST", "/v1/cluster", { [name]: value });
  await print(context, cluster, (wide) => formatCluster(cluster, wide));
}
