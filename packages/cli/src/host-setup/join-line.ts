import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseToken } from "@warren/common/identity/join-token.ts";
import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";

export interface JoinLine {
  readonly token: string;
  /** `HOST:PORT`. */
  readonly control: string;
}

/** What is pasted on a host that is to join. */
export function formatJoinLine({ token, control }: JoinLine): string {
  return `warren join ${token}@${control}`;
}

/**
 * Reads `TOKEN@HOST:PORT`; or `HOST:PORT` with the token in a file or in `WARREN_TOKEN`, where no process list shows it.
 * @throws `usage`, `token-malformed`, `address-invalid`, `config-invalid`
 */
export function readJoinLine(text: string, tokenFile: string | undefined, env: NodeJS.ProcessEnv): JoinLine {
  const at = text.lastIndexOf("@");
  const token = at >= 0 ? text.slice(0, at) : tokenFile !== undefined ? readToken(tokenFile) : env["WARREN_TOKEN"];
  if (!token)
    throw new WarrenError(
      "usage",
      "expected TOKEN@HOST:PORT, as `warren init` and `warren token create` print it on the control plane, or HOST:PORT with --token-file FILE",
    );
  parseToken(token);
  return { token: token.trim(), control: formatEndpoint(parseEndpoint(text.slice(at + 1))) };
}

function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new WarrenError("config-invalid", `--token-file: ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
