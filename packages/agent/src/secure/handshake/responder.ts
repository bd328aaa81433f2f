import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import {
  INITIATION,
  INITIATION_MAC1,
  INITIATION_NOISE,
  INITIATION_SENDER,
  RESPONSE,
  RESPONSE_BYTES,
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
import { readFirst, startIkPsk2, writeSecond } from "./ik-psk2.ts";
import { setMac1 } from "./mac.ts";
import { IDENTIFIER } from "./noise-name.ts";
import type { SessionKeys } from "./session-keys.ts";
import { mac1Key, type StaticKey } from "./static-key.ts";
import type { SymmetricState } from "./symmetric-state.ts";
import { KeyPair, type PublicKey } from "./x25519.ts";

/** An authentic initiation that was not answered yet. Who does not answer it wipes it. */
export class OpenedInitiation {
  readonly remoteStatic: PublicKey;
  readonly remoteEphemeral: PublicKey;
  readonly remoteIndex: number;
  readonly state: SymmetricState;

  constructor(remoteStatic: PublicKey, remoteEphemeral: PublicKey, remoteIndex: number, state: SymmetricState) {
    this.remoteStatic = remoteStatic;
    this.remoteEphemeral = remoteEphemeral;
    this.remoteIndex = remoteIndex;
    this.state = state;
  }

  wipe(): void {
    this.state.wipe();
  }
}

/**
 * Opens a first message (paper §5.4.2), whose mac1, and under load mac2, the caller has checked. That it is authentic
 * does not make it new: the timestamp has to be later than in every initiation before of the same peer.
 *
 * @returns who sent it and when; null when it is not authentic under the cipher's name and this static key. The caller
 *   may try the other cipher, or the static key before
 */
export function openInitiation(from: {
  readonly local: StaticKey;
  readonly cipher: SealingCipher;
  readonly message: Uint8Array;
}): {
  readonly remotePublicKey: Bytes;
  readonly timestamp: Bytes;
  readonly remoteIndex: number;
  readonly opened: OpenedInitiation;
} | null {
  const { local, cipher, message } = from;
  if (wireGuardType(message, 0, message.length) !== INITIATION) return null;

  const state = startIkPsk2(cipher, IDENTIFIER, local.publicKey);
  const first = readFirst(state, local, message.subarray(INITIATION_NOISE, INITIATION_MAC1));
  if (first === null) {
    state.wipe();
    return null;
  }
  const { rs, re, payload: timestamp } = first;
  const remoteIndex = readU32Le(message, INITIATION_SENDER);
  const opened = new OpenedInitiation(rs, re, remoteIndex, state);
  return { remotePublicKey: rs.bytes, timestamp, remoteIndex, opened };
}

/**
 * Answers an initiation (paper §5.4.3), with mac1 set and mac2 zero. `opened` is used up and wiped.
 *
 * @param psk 32 bytes; `NO_PSK` when there is none
 * @param localIndex 32 bits by which the peer will name the session
 * @param ephemeral 32 random bytes, wiped by the call
 */
export function createResponse(from: {
  readonly opened: OpenedInitiation;
  readonly psk: Uint8Array;
  readonly localIndex: number;
  readonly ephemeral: Uint8Array;
}): { readonly message: Bytes; readonly keys: SessionKeys } {
  const { opened, psk, localIndex } = from;
  const { state, remoteStatic, remoteEphemeral, remoteIndex } = opened;
  const e = new KeyPair(from.ephemeral);
  from.ephemeral.fill(0);

  const message = new Uint8Array(RESPONSE_BYTES);
  writeU32Le(message, WIREGUARD_TYPE, RESPONSE);
  writeU32Le(message, RESPONSE_SENDER, localIndex);
  writeU32Le(message, RESPONSE_RECEIVER, remoteIndex);
  const noise = message.subarray(RESPONSE_NOISE, RESPONSE_MAC1);
  const nothing = new Uint8Array(0);
  if (!writeSecond(state, { e, re: remoteEphemeral, rs: remoteStatic, psk }, nothing, noise)) {
    // With one private key a point is of low order as with any other, and the initiation would not have been opened.
    throw new WarrenError("internal", "an initiation with a public key of low order was opened");
  }
  e.wipe();
  const [receiveKey, sendKey] = state.split();
  setMac1(message, mac1Key(remoteStatic.bytes));
  return { message, keys: { sendKey, receiveKey, localIndex, remoteIndex } };
}
