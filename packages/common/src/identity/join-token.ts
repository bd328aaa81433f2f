import { WarrenError } from "../errors/warren-error.ts";

/**
 * What a node needs to join, as one line of text:
 *
 *     wrn1.<caHash>.<id>.<secret>
 *
 * `caHash` lets the node tell the right control plane from any other before it says the secret (a token without it can
 * be taken by whoever answers first).
 */
export interface JoinToken {
  /** Hex SHA-256 of the CA's SubjectPublicKeyInfo in DER. */
  readonly caHash: string;
  /** Names the token in lists and logs; not secret. */
  readonly id: string;
  /** At least 16 random bytes, base64url. Never logged, stored only hashed. */
  readonly secret: string;
}

const PATTERN = /^wrn1\.([0-9a-f]{64})\.([a-z0-9]{8,32})\.([A-Za-z0-9_-]{22,128})$/;

/**
 * Reads a join token; white space around it is allowed, since people paste it.
 * @throws `token-malformed`; the message does not repeat the text, which may hold a secret
 */
export function parseToken(text: string): JoinToken {
  const match = PATTERN.exec(text.trim());
  if (!match) {
    throw new WarrenError(
      "token-malformed",
      `not a join token: expected "wrn1.<64 hex digits>.<id>.<secret>", got ${describe(text)}; ` +
        'make one on the control plane with "warren token create"',
    );
  }
  return { caHash: match[1]!, id: match[2]!, secret: match[3]! };
}

/** The text form of a token. */
export function formatToken(token: JoinToken): string {
  return `wrn1.${token.caHash}.${token.id}.${token.secret}`;
}

function describe(text: string): string {
  const parts = text.trim().split(".");
  if (parts.length === 1 && parts[0] === "") return "an empty text";
  return `a text of ${text.trim().length} characters in ${parts.length} part${parts.length === 1 ? "" : "s"}`;
}
