import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { INITIATION_MAC2, RESPONSE_MAC2, readU32Le } from "@warren/common/wire/wireguard.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createInitiation, openResponse } from "./initiator.ts";
import { checkMac1 } from "./mac.ts";
import { createResponse, openInitiation } from "./responder.ts";
import { NO_PSK } from "./session-keys.ts";
import { StaticKey } from "./static-key.ts";
import {
  ALICE,
  ALICE_INDEX,
  BOB,
  BOB_INDEX,
  bytes,
  EVE,
  initiation,
  PSK,
  response,
  TIMESTAMP,
} from "./testing/two-sides.ts";
import { PublicKey } from "./x25519.ts";

describe.each(SEALING_CIPHERS)("a handshake with %s", (cipher) => {
  const other = SEALING_CIPHERS.find((name) => name !== cipher)!;
  const asBob = (message: Uint8Array) =>
    checkMac1(BOB, message) ? openInitiation({ local: BOB, cipher, message }) : null;

  test("tells the responder who asks, and ends with the same keys on both sides, mirrored", () => {
    fc.assert(
      fc.property(fc.array(seed32(), { minLength: 5, maxLength: 5 }), index(), index(), ([a, b, c, d, psk], i, j) => {
        const [alice, bob] = [StaticKey.create(a!), StaticKey.create(b!)];
        const remotePublicKey = bob.publicKey;
        const from = { local: alice, remotePublicKey, cipher, localIndex: i, timestamp: TIMESTAMP };
        const sent = createInitiation({ ...from, ephemeral: c! })!;
        expect(checkMac1(bob, sent.message)).toBe(true);
        const got = openInitiation({ local: bob, cipher, message: sent.message })!;
        expect(got).toMatchObject({ remotePublicKey: alice.publicKey, timestamp: TIMESTAMP, remoteIndex: i });
        const answer = createResponse({ opened: got.opened, psk: psk!, localIndex: j, ephemeral: d! });
        expect(checkMac1(alice, answer.message)).toBe(true);
        const keys = openResponse({ pending: sent.pending, psk: psk!, message: answer.message })!;
        const { sendKey, receiveKey } = answer.keys;
        expect(keys).toEqual({ sendKey: receiveKey, receiveKey: sendKey, localIndex: i, remoteIndex: j });
        expect(answer.keys).toMatchObject({ localIndex: j, remoteIndex: i });
        expect(sendKey).not.toEqual(receiveKey);
      }),
      { numRuns: 25 },
    );
  });

  test("messages have their sizes and types, mac2 is left to the cookie, and nothing secret comes twice", () => {
    const [first, second] = [initiation(cipher), initiation(cipher, { ephemeral: bytes(7) })];
    const answer = response(cipher, first.message);
    expect([first.message.length, answer.message.length]).toEqual([148, 92]);
    expect([readU32Le(first.message, 0), readU32Le(answer.message, 0)]).toEqual([1, 2]);
    expect(readU32Le(first.message, 4)).toBe(ALICE_INDEX);
    expect([readU32Le(answer.message, 4), readU32Le(answer.message, 8)]).toEqual([BOB_INDEX, ALICE_INDEX]);
    expect(first.message.slice(INITIATION_MAC2)).toEqual(new Uint8Array(16));
    expect(answer.message.slice(RESPONSE_MAC2)).toEqual(new Uint8Array(16));
    expect(second.message.slice(8, 132)).not.toEqual(first.message.slice(8, 132));
    expect(Buffer.from(first.message).includes(Buffer.from(ALICE.publicKey))).toBe(false);
  });

  test("every initiation with one wrong bit is refused", () => {
    const { message } = initiation(cipher);
    expect(asBob(message)).not.toBeNull();
    expect(acceptedFlips(message, INITIATION_MAC2, (flipped) => asBob(flipped) !== null)).toEqual([]);
  });

  test("an initiation with one wrong bit in what Noise covers is refused also when mac1 says nothing", () => {
    const { message } = initiation(cipher);
    const open = (flipped: Uint8Array) => openInitiation({ local: BOB, cipher, message: flipped }) !== null;
    const accepted = acceptedFlips(message, 116, open);
    // The index alone is under mac1 only.
    expect(accepted).toEqual(Array.from({ length: 32 }, (_, i) => 32 + i));
  });

  test("every response with one wrong bit is refused, and the handshake still waits for the true one", () => {
    const { message, pending } = initiation(cipher);
    const answer = response(cipher, message);
    const open = (flipped: Uint8Array) =>
      checkMac1(ALICE, flipped) && openResponse({ pending, psk: PSK, message: flipped }) !== null;
    expect(acceptedFlips(answer.message, RESPONSE_MAC2, open)).toEqual([]);
    // Past mac1, as one who knows Alice's public key can be.
    const openInside = (flipped: Uint8Array) => openResponse({ pending, psk: PSK, message: flipped }) !== null;
    for (const bit of [0, 64, 96, 351, 352, 479]) expect(openInside(flip(answer.message, bit))).toBe(false);
    expect(openResponse({ pending, psk: PSK, message: answer.message })?.sendKey).toEqual(answer.keys.receiveKey);
  });

  test("every other length of either message is refused", () => {
    const { message, pending } = initiation(cipher);
    const answer = response(cipher, message).message;
    for (let length = 0; length < message.length; length++) {
      const cut = message.subarray(0, length);
      expect(asBob(cut) ?? openInitiation({ local: BOB, cipher, message: cut })).toBeNull();
    }
    for (let length = 0; length < answer.length; length++) {
      expect(openResponse({ pending, psk: PSK, message: answer.subarray(0, length) })).toBeNull();
    }
    const longer = (message: Uint8Array) => Uint8Array.of(...message, 0);
    expect(openInitiation({ local: BOB, cipher, message: longer(message) })).toBeNull();
    expect(openResponse({ pending, psk: PSK, message: longer(answer) })).toBeNull();
  });

  test("who has another static key cannot open it; nor does another name fit", () => {
    const { message } = initiation(cipher);
    expect(checkMac1(EVE, message)).toBe(false);
    expect(openInitiation({ local: EVE, cipher, message })).toBeNull();
    expect(openInitiation({ local: BOB, cipher: other, message })).toBeNull();
  });

  test("the pre-shared keys of both must be the same", () => {
    const { message, pending } = initiation(cipher);
    const answer = response(cipher, message, PSK).message;
    expect(openResponse({ pending, psk: NO_PSK, message: answer })).toBeNull();
    expect(openResponse({ pending, psk: bytes(9), message: answer })).toBeNull();
    expect(openResponse({ pending, psk: PSK, message: answer })).not.toBeNull();
  });

  test("a response to another initiation does not fit, even under the same index", () => {
    const first = initiation(cipher);
    const second = initiation(cipher, { ephemeral: bytes(7) });
    const answer = response(cipher, first.message).message;
    expect(openResponse({ pending: second.pending, psk: PSK, message: answer })).toBeNull();
  });

  test("one who knows only public keys cannot answer in Bob's place", () => {
    const { message, pending } = initiation(cipher, { remotePublicKey: EVE.publicKey });
    const toBob = initiation(cipher);
    const opened = openInitiation({ local: EVE, cipher, message })!.opened;
    const forged = createResponse({ opened, psk: PSK, localIndex: 1, ephemeral: bytes(6) }).message;
    expect(openResponse({ pending: toBob.pending, psk: PSK, message: forged })).toBeNull();
    expect(openResponse({ pending, psk: PSK, message: forged })).not.toBeNull();
  });

  test("a public key of low order is refused on every side", () => {
    const zero = new Uint8Array(32);
    const from = { local: ALICE, cipher, localIndex: 1, ephemeral: bytes(5), timestamp: TIMESTAMP };
    expect(createInitiation({ ...from, remotePublicKey: zero })).toBeNull();
    const { message } = initiation(cipher);
    message.fill(0, 8, 40);
    expect(openInitiation({ local: BOB, cipher, message })).toBeNull();
    const { message: asked, pending } = initiation(cipher);
    const answer = response(cipher, asked).message;
    answer.fill(0, 12, 44);
    expect(openResponse({ pending, psk: PSK, message: answer })).toBeNull();
  });

  test("secrets are wiped on the way: the ephemeral bytes, the state of both sides, and what was given up", () => {
    const ephemeral = bytes(5);
    const { message, pending } = initiation(cipher, { ephemeral });
    expect(ephemeral).toEqual(new Uint8Array(32));
    const answer = response(cipher, message);
    expect(openResponse({ pending, psk: PSK, message: answer.message })).not.toBeNull();
    expect(pending.state.handshakeHash).toEqual(new Uint8Array(32));
    expect(() => pending.state.split()).toThrow(/wiped/);
    expect(() => openResponse({ pending, psk: PSK, message: answer.message })).toThrow(/wiped/);
    expect(() => pending.ephemeral.agree(new PublicKey(BOB.publicKey))).toThrow(/wiped/);

    const opened = openInitiation({ local: BOB, cipher, message })!.opened;
    opened.wipe();
    expect(() => createResponse({ opened, psk: PSK, localIndex: 1, ephemeral: bytes(6) })).toThrow(/wiped/);
    const used = openInitiation({ local: BOB, cipher, message })!.opened;
    createResponse({ opened: used, psk: PSK, localIndex: 1, ephemeral: bytes(6) });
    expect(() => createResponse({ opened: used, psk: PSK, localIndex: 1, ephemeral: bytes(6) })).toThrow(/wiped/);
  });
});

/** Bits before byte `end` that can be wrong without `accepts` noticing. */
function acceptedFlips(message: Uint8Array, end: number, accepts: (flipped: Uint8Array) => boolean): number[] {
  return Array.from({ length: end * 8 }, (_, bit) => bit).filter((bit) => accepts(flip(message, bit)));
}

function flip(message: Uint8Array, bit: number): Uint8Array {
  const flipped = message.slice();
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

function seed32(): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.uint8Array({ minLength: 32, maxLength: 32 });
}

function index(): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 0xffff_ffff });
}
