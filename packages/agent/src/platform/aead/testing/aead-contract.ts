import { createCipheriv } from "node:crypto";
import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import { heapGrowth, SMALLEST_OBJECT } from "@warren/common/wire/testing/heap-growth.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { type Aead, type AeadKey, TAG } from "../../../secure/aead.ts";

export interface AeadUnderTest {
  readonly ciphers?: readonly SealingCipher[];
  /** Makes number objects that live for one call, or more: not for the packet path, or the slow way of it. */
  readonly allocates?: boolean;
  open(cipher: SealingCipher, bytes: Uint8Array): Aead | Promise<Aead>;
}

/** As much as the packet path has, and as it has it. */
const ARENA_PAGES = 4;
/** What stands everywhere where nothing was written. */
const UNTOUCHED = 0xa5;
const AT = 100;
const KEY_BYTES = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1);
const LENGTHS = [...Array.from({ length: 101 }, (_, i) => i), 1408, 1440, 65_507];
const TWO_32 = 2 ** 32;

/** What every implementation of `Aead` does, in every cipher it has. */
export function aeadContract(name: string, under: AeadUnderTest): void {
  describe.each(under.ciphers ?? SEALING_CIPHERS)(`${name}, %s`, (cipher) => {
    let bytes: Uint8Array;
    let aead: Aead;
    let key: AeadKey;

    beforeEach(async () => {
      const memory = new WebAssembly.Memory({ initial: ARENA_PAGES, maximum: ARENA_PAGES });
      bytes = new Uint8Array(memory.buffer).fill(UNTOUCHED);
      aead = await under.open(cipher, bytes);
      key = aead.createKey(KEY_BYTES);
    });

    const put = (at: number, length: number) => {
      for (let i = 0; i < length; i++) bytes[at + i] = textByte(i);
    };
    const sealOne = (at: number, length: number, low = 1, high = 0) => {
      put(at, length);
      expect(key.seal(at, 0, 1, length, length, low, high)).toBe(1);
    };
    const expectUntouchedBut = (...ranges: readonly (readonly [number, number])[]) => {
      const rest = bytes.slice();
      for (const [from, to] of ranges) rest.fill(UNTOUCHED, from, to);
      expect(rest.every((byte) => byte === UNTOUCHED)).toBe(true);
    };

    test("names its cipher", () => expect(aead.cipher).toBe(cipher));

    test("seals what any other implementation would, of every length, and opens it again", () => {
      for (const length of LENGTHS) {
        bytes.fill(UNTOUCHED);
        sealOne(AT, length, length, 0);
        expect(bytes.slice(AT, AT + length + TAG)).toEqual(expected(cipher, text(length), length, 0));
        expectUntouchedBut([AT, AT + length + TAG]);
        expect(key.open(AT, length + TAG, length, 0)).toBe(true);
        expect(bytes.slice(AT, AT + length)).toEqual(text(length));
        expectUntouchedBut([AT, AT + length + TAG]);
      }
    });

    test("seals a batch at strides, the last one shorter, each with a counter one greater", () => {
      const [stride, count, length, last] = [1456, 5, 1408, 33];
      for (let i = 0; i < count; i++) put(AT + i * stride, i === count - 1 ? last : length);
      expect(key.seal(AT, stride, count, length, last, 7, 9)).toBe(count);
      const ranges = Array.from({ length: count }, (_, i) => {
        const size = i === count - 1 ? last : length;
        const at = AT + i * stride;
        expect(bytes.slice(at, at + size + TAG)).toEqual(expected(cipher, text(size), 7 + i, 9));
        return [at, at + size + TAG] as const;
      });
      expectUntouchedBut(...ranges);
    });

    test("carries the counter into its high word, in the middle of a batch too", () => {
      const stride = 64;
      for (let i = 0; i < 4; i++) put(AT + i * stride, 20);
      expect(key.seal(AT, stride, 4, 20, 20, TWO_32 - 2, 5)).toBe(4);
      const counters = [
        [TWO_32 - 2, 5],
        [TWO_32 - 1, 5],
        [0, 6],
        [1, 6],
      ] as const;
      counters.forEach(([low, high], i) => {
        const at = AT + i * stride;
        expect(bytes.slice(at, at + 20 + TAG)).toEqual(expected(cipher, text(20), low, high));
        expect(key.open(at, 20 + TAG, low, high)).toBe(true);
      });
    });

    test("seals with the greatest counters there are", () => {
      sealOne(AT, 40, TWO_32 - 1, TWO_32 - 1);
      expect(bytes.slice(AT, AT + 40 + TAG)).toEqual(expected(cipher, text(40), TWO_32 - 1, TWO_32 - 1));
      expect(key.open(AT, 40 + TAG, TWO_32 - 1, TWO_32 - 1)).toBe(true);
    });

    test("refuses a message with any one bit changed", () => {
      const length = 21;
      sealOne(AT, length);
      const sealed = bytes.slice(AT, AT + length + TAG);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        bytes.set(sealed, AT);
        bytes[AT + (bit >>> 3)]! ^= 1 << (bit & 7);
        expect(key.open(AT, sealed.length, 1, 0)).toBe(false);
      }
      bytes.set(sealed, AT);
      expect(key.open(AT, sealed.length, 1, 0)).toBe(true);
    });

    test("refuses another counter, in either word, and another key", () => {
      sealOne(AT, 30, 5, 6);
      const sealed = bytes.slice(AT, AT + 30 + TAG);
      const other = aead.createKey(KEY_BYTES.map((byte) => byte ^ 1));
      for (const [low, high] of [
        [6, 6],
        [5, 7],
        [6, 5],
        [5, 0],
      ] as const) {
        bytes.set(sealed, AT);
        expect(key.open(AT, sealed.length, low, high)).toBe(false);
      }
      bytes.set(sealed, AT);
      expect(other.open(AT, sealed.length, 5, 6)).toBe(false);
      bytes.set(sealed, AT);
      expect(key.open(AT, sealed.length, 5, 6)).toBe(true);
    });

    test("refuses what is shorter or longer than it was, down to less than a tag", () => {
      sealOne(AT, 30);
      const sealed = bytes.slice(AT, AT + 30 + TAG);
      for (const length of [0, 1, TAG - 1, TAG, TAG + 29, TAG + 31]) {
        bytes.set(sealed, AT);
        expect(key.open(AT, length, 1, 0)).toBe(false);
      }
    });

    test("is not confused by a forged message before a good one, and by turns of sealing and opening", () => {
      for (let i = 0; i < 20; i++) {
        sealOne(AT, 50, i, 0);
        const sealed = bytes.slice(AT, AT + 50 + TAG);
        bytes[AT + 3]! ^= 0x40;
        expect(key.open(AT, sealed.length, i, 0)).toBe(false);
        bytes.set(sealed, AT);
        expect(key.open(AT, sealed.length, i, 0)).toBe(true);
      }
    });

    test("keeps a copy of the key, and two keys apart", () => {
      const mine = KEY_BYTES.slice();
      const copied = aead.createKey(mine);
      mine.fill(0);
      const other = aead.createKey(KEY_BYTES.map((byte) => byte ^ 1));
      put(AT, 30);
      expect(other.seal(AT, 0, 1, 30, 30, 1, 0)).toBe(1);
      put(AT, 30);
      expect(copied.seal(AT, 0, 1, 30, 30, 1, 0)).toBe(1);
      expect(bytes.slice(AT, AT + 30 + TAG)).toEqual(expected(cipher, text(30), 1, 0));
    });

    test("neither seals nor opens once its key is wiped, and leaves the message as it was", () => {
      sealOne(AT, 30);
      const sealed = bytes.slice(AT, AT + 30 + TAG);
      key.wipe();
      key.wipe();
      expect(key.open(AT, sealed.length, 1, 0)).toBe(false);
      expect(key.seal(AT, 0, 1, 30, 30, 2, 0)).toBe(0);
      expect(bytes.slice(AT, AT + 30 + TAG)).toEqual(sealed);
      const again = aead.createKey(KEY_BYTES);
      expect(again.open(AT, sealed.length, 1, 0)).toBe(true);
    });

    test("refuses a key that is not of 32 bytes", () => {
      expect(() => aead.createKey(new Uint8Array(16))).toThrow("32 bytes");
    });

    test("writes nothing outside of its memory, nor for a batch that does not fit", () => {
      expect(key.seal(bytes.length - 40, 0, 1, 25, 25, 1, 0)).toBe(0);
      expect(key.open(bytes.length - 40, 41, 1, 0)).toBe(false);
      expect(key.open(-1, 41, 1, 0)).toBe(false);
      expectUntouchedBut();
      sealOne(bytes.length - 40, 24);
      expect(key.open(bytes.length - 40, 40, 1, 0)).toBe(true);
    });

    test.skipIf(under.allocates)("allocates nothing for a message", () => {
      const messages = 500;
      // Not so high that V8 makes an object of the number: a session ends long before.
      let counter = 1_000_000;
      let opened = 0;
      const run = () => {
        for (let i = 0; i < messages; i++) {
          key.seal(AT, 128, 8, 64, 16, counter, 1);
          opened += key.open(AT, 64 + TAG, counter, 1) ? 1 : 0;
          counter += 8;
        }
      };
      for (let i = 0; i < 100; i++) run();
      expect(heapGrowth(run)).toBeLessThan((messages * SMALLEST_OBJECT) / 2);
      expect(opened).toBeGreaterThan(100 * messages);
    });
  });
}

function textByte(i: number): number {
  return (i * 31 + 11) & 0xff;
}

function text(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => textByte(i));
}

/** Ciphertext and tag, made here from the specification: RFC 8439, SP 800-38D and the Noise framework's nonces (§12). */
function expected(cipher: SealingCipher, plain: Uint8Array, low: number, high: number): Uint8Array {
  const nonce = Buffer.alloc(12);
  const counter = BigInt(high) * BigInt(TWO_32) + BigInt(low);
  if (cipher === "aes-256-gcm") nonce.writeBigUInt64BE(counter, 4);
  else nonce.writeBigUInt64LE(counter, 4);
  const sealer = createCipheriv(cipher as "aes-256-gcm", KEY_BYTES, nonce, { authTagLength: TAG });
  return new Uint8Array(Buffer.concat([sealer.update(plain), sealer.final(), sealer.getAuthTag()]));
}
