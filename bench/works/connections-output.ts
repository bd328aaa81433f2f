import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** Reads what `connections-client.ts` printed: thousands of whole connections a second. Throws `tool-failed`. */
export function connectionsKcps(text: string): number {
  const [, connections, seconds] = /^\{"connections":(\d+),"seconds":([\d.]+)\}\n$/.exec(text) ?? [];
  if (!Number(connections) || !Number(seconds))
    throw new WarrenError(
      "tool-failed",
      `no connection came to its end: ${text.trim() || "the client printed nothing"}`,
    );
  return Number(connections) / Number(seconds) / 1e3;
}
