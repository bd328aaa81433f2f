import type { TokenInfo } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatAge, formatUntil } from "../output/human.ts";
import { paintState } from "../output/paint.ts";
import { type Column, formatTable } from "../output/table.ts";

export async function run(context: CommandContext): Promise<void> {
  const tokens = await call<TokenInfo[]>(context, "control", "GET", "/v1/tokens");
  await print(context, tokens, (wide) =>
    tokens.length === 0
      ? "no tokens; make one with: warren token create\n"
      : formatTable(columns(context), tokens, wide),
  );
}

/** Also used by `token revoke`. */
export function columns(context: CommandContext): Column<TokenInfo>[] {
  return [
    { header: "ID", cell: (token) => token.id },
    { header: "STATE", cell: (token) => paintState(token.state, context.color) },
    { header: "USES", cell: (token) => `${token.used}/${token.uses}` },
    { header: "EXPIRES-IN", cell: (token) => formatUntil(token.expires) },
    { header: "AGE", cell: (token) => formatAge(token.created) },
    { header: "CREATED", cell: (token) => token.created, wide: true },
    { header: "EXPIRES", cell: (token) => token.expires, wide: true },
  ];
}
