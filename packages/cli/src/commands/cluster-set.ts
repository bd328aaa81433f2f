import type { ClusterChange, ClusterInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatCluster } from "../output/cluster.ts";

export async function run(context: CommandContext): Promise<void> {
  const change = readChange(context.args[0]!);
  const cluster = await call<ClusterInfo>(context, "control", "POST", "/v1/cluster", change);
  await print(context, cluster, (wide) => formatCluster(cluster, wide));
}

/** Only the form is looked at here: which settings there are, and their values, the control plane knows. */
function readChange(text: string): ClusterChange {
  const at = text.indexOf("=");
  if (at > 0) return { [text.slice(0, at)]: text.slice(at + 1) };
  throw new WarrenError("usage", `"${text}" sets nothing; expected SETTING=VALUE, such as encapsulation=cross-subnet`);
}
