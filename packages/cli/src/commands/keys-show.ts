import type { KeysInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatKeys } from "../output/keys.ts";

export async function run(context: CommandContext): Promise<void> {
  const keys = await call<KeysInfo>(context, "agent", "GET", "/v1/keys");
  await print(context, keys, () => formatKeys(keys));
}
