import type { KeysInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatKeys } from "../output/keys.ts";

export async function run(context: CommandContext): Promise<void> {
  const now = context.flags["now"] === true;
  const keys = await call<KeysInfo>(context, "agent", "POST", "/v1/keys/rotate", { now });
  await print(context, keys, () => formatKeys(keys));
}
