import { createCipheriv } from "node:crypto";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { describe, expect, test } from "vitest";
import vectors from "../testdata/noise-ikpsk2.json" with { type: "json" };
import { readFirst, readSecond, startIkPsk2, writeFirst, writeSecond } from "./ik-psk2.ts";
import { noiseName } from "./noise-name.ts";
import { KeyPair, PublicKey } from "./x25519.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fromHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

describe.each(SEALING_CIPHERS)("cacophony's vector of %s", (cipher) => {
  const vector = vectors.find((vector) => vector.protocol_name === noiseName(cipher))!;
  const [first, second, ...transport] = vector.messages.map((message) => ({
    payload: fromHex(message.payload),
    ciphertext: fromHex(message.ciphertext),
  }));
  const prologue = fromHex(vector.init_prologue);
  const psk = fromHex(vector.init_psks[0]!);
  const initiator = () => ({
    s: new KeyPair(fromHex(vector.init_static)),
    e: new KeyPair(fromHex(vector.init_ephemeral)),
  });
  const responder = () => ({
    s: new KeyPair(fromHex(vector.resp_static)),
    e: new KeyPair(fromHex(vector.resp_ephemeral)),
  });
  const rs = new PublicKey(fromHex(vector.init_remote_static));

  test("initiator: writes the first message, reads the second, and has its hash and keys", () => {
    const { s, e } = initiator();
    const state = startIkPsk2(cipher, prologue, rs.bytes);
    const out = new Uint8Array(first!.ciphertext.length);
    expect(writeFirst(state, { s, e, rs }, first!.payload, out)).toBe(true);
    expect(hex(out)).toBe(hex(first!.ciphertext));
    expect(readSecond(state, { s, e, psk }, second!.ciphertext)).toEqual(second!.payload);
    expect(hex(state.handshakeHash)).toBe(vector.handshake_hash);
    expectTransport(state.split());
  });

  test("responder: reads the first message, writes the second, and has the same hash and keys", () => {
    const { s, e } = responder();
    const state = startIkPsk2(cipher, prologue, s.publicKey);
    const read = readFirst(state, s, first!.ciphertext)!;
    expect(read.payload).toEqual(first!.payload);
    expect(read.rs.bytes).toEqual(initiator().s.publicKey);
    const out = new Uint8Array(second!.ciphertext.length);
    expect(writeSecond(state, { e, ...read, psk }, second!.payload, out)).toBe(true);
    expect(hex(out)).toBe(hex(second!.ciphertext));
    expect(hex(state.handshakeHash)).toBe(vector.handshake_hash);
    expectTransport(state.split());
  });

  /** The messages after the handshake come from the initiator and the responder in turn. */
  function expectTransport(keys: readonly Uint8Array[]): void {
    expect(transport).toHaveLength(4);
    transport.forEach(({ payload, ciphertext }, i) => {
      expect(hex(seal(cipher, keys[i % 2]!, i >> 1, payload))).toBe(hex(ciphertext));
    });
  }
});

/** A transport message of Noise, for a small counter (§12.3, §12.4). */
function seal(cipher: SealingCipher, key: Uint8Array, counter: number, plaintext: Uint8Array): Buffer {
  const nonce = new Uint8Array(12);
  nonce[cipher === "aes-256-gcm" ? 11 : 4] = counter;
  const aead = createCipheriv(cipher as "aes-256-gcm", key, nonce, { authTagLength: 16 });
  return Buffer.concat([aead.update(plaintext), aead.final(), aead.getAuthTag()]);
}
