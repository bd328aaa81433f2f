import type { DataplaneInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { afterRestart } from "./dataplane.ts";

export async function run(context: CommandContext): Promise<void> {
  const dataplane = context.args[0]!;
  const info = await call<DataplaneInfo>(context, "agent", "PUT", "/v1/dataplane", { dataplane });
  await print(context, info, () => `the dataplane is ${info.dataplane}${afterRestart(info)}\n`);
}
