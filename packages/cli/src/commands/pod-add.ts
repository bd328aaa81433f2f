import type { PodInfo, PodRequest } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, listFlag, print, textFlag } from "../context.ts";
import { parseLabels } from "../input/labels.ts";
import { formatPods } from "../output/pods.ts";

export async function run(context: CommandContext): Promise<void> {
  const namespace = textFlag(context, "namespace");
  const labels = parseLabels(listFlag(context, "label"));
  const request: PodRequest = {
    name: context.args[0]!,
    ...(namespace !== undefined && { namespace }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(context.program.length > 0 && { command: context.program }),
  };
  const pod = await call<PodInfo>(context, "agent", "POST", "/v1/pods", request);
  await print(context, pod, (wide) => formatPods([pod], wide, context.color));
}
