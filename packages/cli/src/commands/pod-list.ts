import type { PodInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print, textFlag } from "../context.ts";
import { formatPods } from "../output/pods.ts";

export async function run(context: CommandContext): Promise<void> {
  const namespace = textFlag(context, "namespace");
  const all = await call<PodInfo[]>(context, "agent", "GET", "/v1/pods");
  const pods = namespace === undefined ? all : all.filter((pod) => pod.namespace === namespace);
  await print(context, pods, (wide) =>
    pods.length === 0 ? "no pods; make one with: warren pod add NAME\n" : formatPods(pods, wide, context.color),
  );
}
