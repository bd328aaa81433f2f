import type { PodInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print, textFlag } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const namespace = textFlag(context, "namespace") ?? "default";
  const name = context.args[0]!;
  const path = `/v1/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  const pod = await call<PodInfo>(context, "agent", "DELETE", path);
  await print(context, pod, () => `pod ${pod.namespace}/${pod.name} removed, ${pod.addresses.join(", ")} free\n`);
}
