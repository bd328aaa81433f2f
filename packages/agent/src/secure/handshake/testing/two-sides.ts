import { parseAddress } from "@warren/common/net/address.ts";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { encodeSockaddr, SOCKADDR_BYTES } from "../../../route/sockaddr.ts";
import { createInitiation } from "../initiator.ts";
import { createResponse, openInitiation } from "../responder.ts";
import { StaticKey } from "../static-key.ts";
import { tai64n } from "../tai64n.ts";

/** Keys and messages that are the same in every run; what is drawn with different seeds differs. */
export function bytes(seed: number, length = 32): Uint8Array<ArrayBuffer> {
  let state = seed * 0x9e37_79b1 + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

export const ALICE = StaticKey.create(bytes(1));
export const BOB = StaticKey.create(bytes(2));
export const EVE = StaticKey.create(bytes(3));
export const PSK: Uint8Array = bytes(4);
export const ALICE_INDEX = 0x8001_0203;
export const BOB_INDEX = 0xfffe_fdfc;
export const TIMESTAMP: Uint8Array = tai64n(1_800_000_000_000);

/** Where a message comes from. */
export function endpoint(address: string, port = 51820): Uint8Array<ArrayBuffer> {
  const name = new Uint8Array(SOCKADDR_BYTES);
  return name.slice(0, encodeSockaddr(name, 0, parseAddress(address), port));
}

/** Alice's first message to Bob. */
export function initiation(cipher: SealingCipher, change: Partial<Parameters<typeof createInitiation>[0]> = {}) {
  const from = { local: ALICE, remotePublicKey: BOB.publicKey, cipher, localIndex: ALICE_INDEX };
  return createInitiation({ ...from, ephemeral: bytes(5), timestamp: TIMESTAMP, ...change })!;
}

/** Bob's answer to it. */
export function response(cipher: SealingCipher, message: Uint8Array, psk: Uint8Array = PSK) {
  const { opened } = openInitiation({ local: BOB, cipher, message })!;
  return createResponse({ opened, psk, localIndex: BOB_INDEX, ephemeral: bytes(6) });
}
