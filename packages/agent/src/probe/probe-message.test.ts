import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeAnswer, encodeProbe, PROBE_BYTES, readAnswer, readProbe } from "./probe-message.ts";

const SESSION = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const OTHER = Buffer.from("00112233445566778899aabbccddeef0", "hex");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const probes = fc.record({
  number: fc.integer({ min: 0, max: 0xffffffff }),
  attempt: fc.integer({ min: 0, max: 255 }),
  answerLength: fc.integer({ min: 0, max: 65_507 }),
});
const addresses = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ({ family: 4 as const, bytes })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ({ family: 6 as const, bytes })),
);

describe("probes and their answers", () => {
  it("look on the wire as they always will", () => {
    const probe = { number: 0x01020304, attempt: 2, answerLength: 1422 };
    expect(hex(encodeProbe(SESSION, probe, 50))).toBe(
      `57500101${hex(SESSION)}01020304${"0200058e"}${"00000000"}${"00".repeat(16)}0000`,
    );
    const seen4 = { address: parseAddress("10.244.1.2"), port: 0x8001 };
    expect(hex(encodeAnswer(SESSION, { ...probe, answerLength: 0 }, seen4, false))).toBe(
      `57500102${hex(SESSION)}01020304${"02040000"}${"80010000"}0af40102${"00".repeat(12)}`,
    );
    const seen6 = { address: parseAddress("fd00:77::2"), port: 1 };
    expect(hex(encodeAnswer(SESSION, probe, seen6, true))).toBe(
      `57500103${hex(SESSION)}01020304${"02060000"}${"00010000"}fd000077${"00".repeat(11)}02`,
    );
  });

  it("are read back as they were written, whatever is in them", () => {
    const property = fc.property(probes, addresses, fc.nat({ max: 65_535 }), (probe, address, port) => {
      const sent = encodeProbe(SESSION, probe, PROBE_BYTES + (port % 100));
      expect(readProbe(sent, SESSION)).toEqual(probe);
      expect(readAnswer(sent, SESSION)).toBeNull();
      for (const isRefusal of [false, true]) {
        const answer = encodeAnswer(SESSION, probe, { address, port }, isRefusal);
        expect(answer).toHaveLength(isRefusal ? PROBE_BYTES : Math.max(PROBE_BYTES, probe.answerLength));
        const { number, attempt } = probe;
        const read = { number, attempt, seenAddress: formatAddress(address), seenPort: port, isRefusal };
        expect(readAnswer(answer, SESSION)).toEqual(read);
        expect(readProbe(answer, SESSION)).toBeNull();
      }
    });
    fc.assert(property);
  });

  it("are nobody's without their session, to the last bit of it", () => {
    const probe = encodeProbe(SESSION, { number: 1, attempt: 0, answerLength: 0 }, PROBE_BYTES);
    const seen = { address: parseAddress("10.244.1.2"), port: 1 };
    const answer = encodeAnswer(SESSION, { number: 1, attempt: 0, answerLength: 0 }, seen, false);
    expect(readProbe(probe, OTHER)).toBeNull();
    expect(readAnswer(answer, OTHER)).toBeNull();
  });

  it("are not taken from anything else, however it was changed or cut", () => {
    const whole = encodeProbe(SESSION, { number: 1, attempt: 0, answerLength: 0 }, PROBE_BYTES);
    for (let length = 0; length < PROBE_BYTES; length++) {
      expect(readProbe(whole.subarray(0, length), SESSION)).toBeNull();
      expect(readAnswer(whole.subarray(0, length), SESSION)).toBeNull();
    }
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat({ max: PROBE_BYTES - 1 }), fc.nat({ max: 255 })).map(([at, value]) => whole.with(at, value)),
    );
    const property = fc.property(noise, (bytes) => {
      const probe = readProbe(bytes, SESSION);
      if (probe) expect(bytes.subarray(0, 20)).toEqual(whole.subarray(0, 20));
      readAnswer(bytes, SESSION);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
