import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Bytes } from "./blake2s.ts";
import { TAG_BYTES } from "./handshake-aead.ts";
import { SymmetricState } from "./symmetric-state.ts";
import { type KeyPair, PublicKey, X25519_BYTES } from "./x25519.ts";

/**
 * The pattern IKpsk2 of the Noise framework (§7.5, §9.4), with any prologue and payloads:
 *
 *     <- s
 *     ...
 *     -> e, es, s, ss
 *     <- e, ee, se, psk
 *
 * s and e are the static and the ephemeral key pair of the side that runs the function, rs and re the public keys of the
 * other. A null says that the message is not authentic or that a public key is of low order; the state is of no further
 * use then.
 */
export function startIkPsk2(cipher: SealingCipher, prologue: Uint8Array, responder: Uint8Array): SymmetricState {
  const state = new SymmetricState(cipher);
  state.mixHash(prologue);
  state.mixHash(responder);
  return state;
}

/** Initiator: writes the first message to `out`, which has exactly its length. @returns false: rs is of low order */
export function writeFirst(
  state: SymmetricState,
  keys: { readonly s: KeyPair; readonly e: KeyPair; readonly rs: PublicKey },
  payload: Uint8Array,
  out: Uint8Array,
): boolean {
  const { s, e, rs } = keys;
  out.set(e.publicKey);
  mixEphemeral(state, e.publicKey);
  if (!mixDh(state, e, rs)) return false; // es
  out.set(state.encryptAndHash(s.publicKey), X25519_BYTES);
  if (!mixDh(state, s, rs)) return false; // ss
  out.set(state.encryptAndHash(payload), X25519_BYTES + SEALED_KEY_BYTES);
  return true;
}

/** Responder: reads the first message. */
export function readFirst(
  state: SymmetricState,
  s: KeyPair,
  message: Uint8Array,
): { readonly re: PublicKey; readonly rs: PublicKey; readonly payload: Bytes } | null {
  const re = new PublicKey(message.subarray(0, X25519_BYTES));
  mixEphemeral(state, re.bytes);
  if (!mixDh(state, s, re)) return null; // es
  const sender = state.decryptAndHash(message.subarray(X25519_BYTES, X25519_BYTES + SEALED_KEY_BYTES));
  if (sender === null) return null;
  const rs = new PublicKey(sender);
  if (!mixDh(state, s, rs)) return null; // ss
  const payload = state.decryptAndHash(message.subarray(X25519_BYTES + SEALED_KEY_BYTES));
  return payload && { re, rs, payload };
}

/** Responder: writes the second message to `out`, which has exactly its length. @returns false: re or rs is of low order */
export function writeSecond(
  state: SymmetricState,
  keys: { readonly e: KeyPair; readonly re: PublicKey; readonly rs: PublicKey; readonly psk: Uint8Array },
  payload: Uint8Array,
  out: Uint8Array,
): boolean {
  const { e, re, rs, psk } = keys;
  out.set(e.publicKey);
  mixEphemeral(state, e.publicKey);
  if (!mixDh(state, e, re)) return false; // ee
  if (!mixDh(state, e, rs)) return false; // se
  state.mixKeyAndHash(psk);
  out.set(state.encryptAndHash(payload), X25519_BYTES);
  return true;
}

/** Initiator: reads the second message. @returns its payload */
export function readSecond(
  state: SymmetricState,
  keys: { readonly s: KeyPair; readonly e: KeyPair; readonly psk: Uint8Array },
  message: Uint8Array,
): Bytes | null {
  const { s, e, psk } = keys;
  const re = new PublicKey(message.subarray(0, X25519_BYTES));
  mixEphemeral(state, re.bytes);
  if (!mixDh(state, e, re)) return null; // ee
  if (!mixDh(state, s, re)) return null; // se
  state.mixKeyAndHash(psk);
  return state.decryptAndHash(message.subarray(X25519_BYTES));
}

const SEALED_KEY_BYTES = X25519_BYTES + TAG_BYTES;

/** The token e: with a pre-shared key the ephemeral one is also mixed into the chaining key (§9.2). */
function mixEphemeral(state: SymmetricState, publicKey: Uint8Array): void {
  state.mixHash(publicKey);
  state.mixKey(publicKey);
}

function mixDh(state: SymmetricState, pair: KeyPair, publicKey: PublicKey): boolean {
  const secret = pair.agree(publicKey);
  if (secret === null) return false;
  state.mixKey(secret);
  secret.fill(0);
  return true;
}
