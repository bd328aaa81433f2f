import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { AgentConfig } from "./agent-config.ts";

/** The join token of the configuration, from `token` or the file `token-file`; null when neither is given. */
export function readToken(config: AgentConfig): string | null {
  if (config.token !== undefined) return config.token;
  const path = config["token-file"];
  if (path === undefined) return null;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new WarrenError("config-invalid", `token-file: ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
