import { WarrenError } from "@warren/common/errors/warren-error.ts";

/**
 * Splits `SETTING=VALUE` at the first equals sign; which settings and values there are, the service knows.
 * @throws `usage`
 */
export function parseSetting(text: string, example: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new WarrenError("usage", `"${text}" sets nothing; expected SETTING=VALUE, such as ${example}`);
}
