import type { SealingCipher } from "@warren/common/net/cipher.ts";
import {
  INITIATION,
  INITIATION_BYTES,
  INITIATION_MAC1,
  INITIATION_NOISE,
  INITIATION_SENDER,
  RESPONSE,
  RESPONSE_MAC1,
  RESPONSE_NOISE,
  RESPONSE_RECEIVER,
  RESPONSE_SENDER,
  readU32Le,
  WIREGUARD_TYPE,
  wireGuardType,
  writeU32Le,
} from "@warren/common/wire/wireguard.ts";
import type { Bytes } from "./blake2s.ts";
import { readSecond, startIkPsk2, writeFirst } from "./ik-psk2.ts";
import { setMac1 } from "./mac.ts";
import { IDENTIFIER } from "./noise-name.ts";
import type { SessionKeys } from "./session-keys.ts";
import { mac1Key, type StaticKey } from "./static-key.ts";
import type { SymmetricState } from "./symmetric-state.ts";
import { KeyPair, PublicKey } from "./x25519.ts";

/** An initiation that was sent and waits for its response. Who drops it wipes it. */
export class PendingHandshake {
  readonly localIndex: number;
  readonly local: StaticKey;
  readonly ephemeral: KeyPair;
  readonly state: SymmetricState;

  constructor(localIndex: number, local: StaticKey, ephemeral: KeyPair, state: SymmetricState) {
    this.localIndex = localIndex;
    this.local = local;
    this.ephemeral = ephemeral;
    this.state = state;
  }

  wipe(): void {
    this.ephemeral.wipe();
    this.state.wipe();
  }
}

/**
 * The first message of a handshake (paper §5.4.2), with mac1 set and mac2 zero: a `CookieJar` sets it when there is a
 * cookie. Every message needs a new ephemeral key, also one that is sent because the last went unanswered.
 *
 * @param remotePublicKey 32 bytes
 * @param localIndex 32 bits by which the response will name the handshake
 * @param ephemeral 32 random bytes, wiped by the call
 * @param timestamp 12 bytes (`tai64n`), later than in every initiation before to this peer
 * @returns null when the peer's public key is a point of low order, with which there are no secrets
 */
export function createInitiation(from: {
  readonly local: StaticKey;
  readonly remotePublicKey: Uint8Array;
  readonly cipher: SealingCipher;
  readonly localIndex: number;
  readonly ephemeral: Uint8Array;
  readonly timestamp: Uint8Array;
}): { readonly message: Bytes; readonly pending: PendingHandshake } | null {
  const e = new KeyPair(from.ephemeral);
  from.ephemeral.fill(0);
  const state = startIkPsk2(from.cipher, IDENTIFIER, from.remotePublicKey);
  const pending = new PendingHandshake(from.localIndex, from.local, e, state);

  const message = new Uint8Array(INITIATION_BYTES);
  writeU32Le(message, WIREGUARD_TYPE, INITIATION);
  writeU32Le(message, INITIATION_SENDER, from.localIndex);
  const noise = message.subarray(INITIATION_NOISE, INITIATION_MAC1);
  if (!writeFirst(state, { s: from.local, e, rs: new PublicKey(from.remotePublicKey) }, from.timestamp, noise)) {
    pending.wipe();
    return null;
  }
  setMac1(message, mac1Key(from.remotePublicKey));
  return { message, pending };
}

/**
 * Ends the handshake with the response to it (paper §5.4.3), whose mac1 the caller has checked. What is not authentic
 * leaves the handshake as it was, waiting; the true response ends it, and `pending` is wiped.
 *
 * @param psk 32 bytes; `NO_PSK` when there is none
 * @returns null when the message is not the peer's response to this initiation
 */
export function openResponse(from: {
  readonly pending: PendingHandshake;
  readonly psk: Uint8Array;
  readonly message: Uint8Array;
}): SessionKeys | null {
  const { pending, psk, message } = from;
  if (wireGuardType(message, 0, message.length) !== RESPONSE) return null;
  if (readU32Le(message, RESPONSE_RECEIVER) !== pending.localIndex) return null;

  const state = pending.state.fork();
  const noise = message.subarray(RESPONSE_NOISE, RESPONSE_MAC1);
  const payload = readSecond(state, { s: pending.local, e: pending.ephemeral, psk }, noise);
  if (payload === null) {
    state.wipe();
    return null;
  }
  const [sendKey, receiveKey] = state.split();
  pending.wipe();
  return { sendKey, receiveKey, localIndex: pending.localIndex, remoteIndex: readU32Le(message, RESPONSE_SENDER) };
}
