import { randomBytes } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A random identifier of `length` characters of 5 bits each. Lower-case letters and digits only, so that it can stand
 * in a URI, a file name, a store key and a DNS label as it is.
 */
export function randomId(length: number): string {
  let id = "";
  for (const byte of randomBytes(length)) id += ALPHABET[byte & 31];
  return id;
}

/** `text` when it has the form of an identifier. @throws `internal`: identifiers are made by us, never typed. */
export function checkId(text: string, what: string): string {
  if (!/^[a-z0-9]{4,32}$/.test(text))
    throw new WarrenError("internal", `${what} expected [a-z0-9]{4,32}, got "${text}"`);
  return text;
}
