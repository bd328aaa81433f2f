import type { DataplaneInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const info = await call<DataplaneInfo>(context, "agent", "GET", "/v1/dataplane");
  await print(context, info, () => `${info.dataplane}${afterRestart(info)}\n`);
}

/** What the configuration says where it is not what is. */
export function afterRestart({ dataplane, configured }: DataplaneInfo): string {
  return dataplane === configured
    ? ""
    : `, until the agent starts again: its configuration says ${configured} (to keep it: "dataplane: ${dataplane}" in agent.yaml)`;
}
