import type { TokenRequest } from "@warren/common/api/types.ts";
import { type CommandContext, integerFlag, textFlag } from "../context.ts";
import { parseDuration } from "./duration.ts";

const MAX_USES = 1_000_000;

/** What `--ttl` and `--uses` ask for. @throws WarrenError `usage` */
export function tokenRequest(context: CommandContext): TokenRequest {
  const ttl = textFlag(context, "ttl");
  const uses = integerFlag(context, "uses", 1, MAX_USES);
  return {
    ...(ttl !== undefined && { ttlMs: parseDuration(ttl, "--ttl") }),
    ...(uses !== undefined && { uses }),
  };
}
