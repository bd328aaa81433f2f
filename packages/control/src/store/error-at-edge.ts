import { WarrenError } from "@warren/common/errors/warren-error.ts";

/**
 * The error to show to a caller outside. A store may only say `unavailable`; where it knows that the disk is full, that
 * is the cause, and the one thing a person can act on.
 */
export function errorAtEdge(thrown: unknown): WarrenError {
  const error = WarrenError.from(thrown);
  return error.code === "unavailable" && error.cause instanceof WarrenError ? error.cause : error;
}
