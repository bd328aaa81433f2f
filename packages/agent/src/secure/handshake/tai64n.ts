import { readU32, writeU32 } from "@warren/common/wire/field.ts";

/** Seconds of 64 bits and nanoseconds of 32, both big-endian (https://cr.yp.to/libtai/tai64.html). */
export const TAI64N_BYTES = 12;

/** The upper word of seconds stands for 2^62; the 10 is the distance of TAI to UTC in 1970. */
const SECONDS_HIGH = 0x4000_0000;
const SECONDS_OFFSET = 10;

const TWO_TO_32 = 2 ** 32;

/**
 * Nanoseconds are cut to multiples of 2^24, 16.8 ms, as other implementations do: a timestamp shall order initiations,
 * not tell everyone who has the key how this machine's clock ticks.
 */
const WHITENING = 0xff00_0000;

/**
 * @param unixMs of the wall clock, not before 1970
 * @returns 12 bytes; two moments within 16.8 ms may give the same
 */
export function tai64n(unixMs: number): Uint8Array<ArrayBuffer> {
  const seconds = Math.floor(unixMs / 1000);
  const nanoseconds = Math.floor((unixMs - seconds * 1000) * 1e6);
  const bytes = new Uint8Array(TAI64N_BYTES);
  const sum = seconds + SECONDS_OFFSET;
  writeU32(bytes, 0, SECONDS_HIGH + Math.floor(sum / TWO_TO_32));
  writeU32(bytes, 4, sum % TWO_TO_32);
  writeU32(bytes, 8, (nanoseconds & WHITENING) >>> 0);
  return bytes;
}

/** Whether `a` is later than `b`. Both come out of messages and may be anything; they are compared as numbers. */
export function isLater(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < TAI64N_BYTES; i++) {
    if (a[i] !== b[i]) return a[i]! > b[i]!;
  }
  return false;
}

/**
 * The moment on the wall clock, in ms, that a peer's timestamp claims; far beyond every date when it is no time at all.
 */
export function unixMsOf(timestamp: Uint8Array): number {
  const high = readU32(timestamp, 0) - SECONDS_HIGH;
  const seconds = high * TWO_TO_32 + readU32(timestamp, 4) - SECONDS_OFFSET;
  return seconds * 1000 + readU32(timestamp, 8) / 1e6;
}
