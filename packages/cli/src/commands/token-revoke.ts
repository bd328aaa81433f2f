import type { TokenInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { columns } from "./token-list.ts";

export async function run(context: CommandContext): Promise<void> {
  const given = context.args[0]!;
  // Whoever has the whole token at hand need not pick its id out: wrn1.HASH.ID.SECRET.
  const id = given.startsWith("wrn1.") ? (given.split(".")[2] ?? given) : given;
  const token = await call<TokenInfo>(context, "control", "DELETE", `/v1/tokens/${encodeURIComponent(id)}`);
  await print(context, token, (wide) => formatTable(columns(context), [token], wide));
}
