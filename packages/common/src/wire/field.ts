/**
 * Big-endian fields of a packet. Nothing is checked here: a codec checks the length once, then these cannot fail. Values
 * are unsigned unless the name says I32.
 */

export function readU8(buf: Uint8Array, offset: number): number {
  return buf[offset]!;
}

export function readU16(buf: Uint8Array, offset: number): number {
  return (buf[offset]! << 8) | buf[offset + 1]!;
}

export function readU24(buf: Uint8Array, offset: number): number {
  return (buf[offset]! << 16) | (buf[offset + 1]! << 8) | buf[offset + 2]!;
}

export function readU32(buf: Uint8Array, offset: number): number {
  return readI32(buf, offset) >>> 0;
}

/** The same 32 bits, signed. For the packet path: such a number never needs a heap object, 2^31 and more may. */
export function readI32(buf: Uint8Array, offset: number): number {
  return (buf[offset]! << 24) | (buf[offset + 1]! << 16) | (buf[offset + 2]! << 8) | buf[offset + 3]!;
}

export function writeU8(buf: Uint8Array, offset: number, value: number): void {
  buf[offset] = value;
}

export function writeU16(buf: Uint8Array, offset: number, value: number): void {
  buf[offset] = value >>> 8;
  buf[offset + 1] = value;
}

export function writeU24(buf: Uint8Array, offset: number, value: number): void {
  buf[offset] = value >>> 16;
  buf[offset + 1] = value >>> 8;
  buf[offset + 2] = value;
}

export function writeU32(buf: Uint8Array, offset: number, value: number): void {
  buf[offset] = value >>> 24;
  buf[offset + 1] = value >>> 16;
  buf[offset + 2] = value >>> 8;
  buf[offset + 3] = value;
}

/** Copies without a `subarray`, which would allocate: for addresses and quoted headers, not for whole payloads. */
export function copyBytes(
  to: Uint8Array,
  toOffset: number,
  from: Uint8Array,
  fromOffset: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to[toOffset + i] = from[fromOffset + i]!;
}

export function equalBytes(a: Uint8Array, aOffset: number, b: Uint8Array, bOffset: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aOffset + i] !== b[bOffset + i]) return false;
  return true;
}
