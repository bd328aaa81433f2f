import { readU32 } from "./field.ts";

/**
 * The Internet checksum (RFC 1071). A running sum is a number below 2^32 that is not folded yet: enough for 128
 * KiB, twice the longest packet. `finishChecksum` gives the 16 bits for the header.
 *
 * The packet path sums payloads in a WebAssembly kernel; this is for headers and for what is built on the cold path.
 */

/** Adds `length` bytes to a running sum. An odd last byte counts as if a zero followed (RFC 1071 §4.1). */
export function sumBytes(buf: Uint8Array, offset: number, length: number, sum = 0): number {
  const evenEnd = offset + (length & ~1);
  let total = sum;
  for (let i = offset; i < evenEnd; i += 2) total += (buf[i]! << 8) | buf[i + 1]!;
  return length & 1 ? total + (buf[evenEnd]! << 8) : total;
}

/** Ones' complement of the folded sum: the value of the checksum field. */
export function finishChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}

/** The sum folded to 16 bits, not inverted: what a checksum field holds when the kernel is to finish it. */
export function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** Checksum of a range. Over a range that holds a right checksum field it is 0. */
export function checksum(buf: Uint8Array, offset: number, length: number): number {
  return finishChecksum(sumBytes(buf, offset, length));
}

/**
 * Running sum over the IPv4 pseudo header (RFC 9293 §3.1).
 *
 * @param ipOffset Start of the IPv4 header the addresses are taken from.
 * @param length Bytes of the transport header and payload.
 */
export function pseudoHeaderSum4(buf: Uint8Array, ipOffset: number, protocol: number, length: number): number {
  return sumWord(readU32(buf, ipOffset + 12)) + sumWord(readU32(buf, ipOffset + 16)) + protocol + length;
}

/** Running sum over the IPv6 pseudo header (RFC 8200 §8.1); the rest as for IPv4. */
export function pseudoHeaderSum6(buf: Uint8Array, ipOffset: number, protocol: number, length: number): number {
  return sumBytes(buf, ipOffset + 8, 32) + protocol + sumWord(length);
}

function sumWord(value: number): number {
  return (value >>> 16) + (value & 0xffff);
}

/**
 * The checksum after one 16-bit field of the covered bytes changed (RFC 1624 §3, equation 3, which unlike the one of
 * RFC 1141 is right for a result of zero).
 */
export function updateChecksum16(old: number, from: number, to: number): number {
  return finishChecksum((~old & 0xffff) + (~from & 0xffff) + to);
}

/** The same for a 32-bit field that starts on an even byte of the covered range. */
export function updateChecksum32(old: number, from: number, to: number): number {
  return updateChecksum16(updateChecksum16(old, from >>> 16, to >>> 16), from & 0xffff, to & 0xffff);
}
