import ipaddr from "ipaddr.js";
import { WarrenError } from "../errors/warren-error.ts";

export type IpFamily = 4 | 6;

/** One IP address, in network byte order. Immutable by agreement: nobody writes into `bytes` of another's address. */
export interface IpAddress {
  readonly family: IpFamily;
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array;
}

/** Bits of an address of the family: 32 or 128. */
export function addressBits(family: IpFamily): number {
  return family === 4 ? 32 : 128;
}

/**
 * Reads one address. IPv4 is four decimal parts without leading zeros; `010.0.0.1`, `10.1` and `0xa000001` are refused,
 * because other programs read them as different addresses. A zone (`fe80::1%eth0`) is refused: it has a meaning on one
 * host only. An IPv4-mapped address (`::ffff:10.0.0.1`, RFC 4291 §2.5.5.2) becomes the IPv4 address it stands for, so
 * that the two spellings of one peer compare equal.
 *
 * @throws WarrenError `address-invalid`
 */
export function parseAddress(text: string): IpAddress {
  const bytes = text.includes(":") ? parse6(text) : parse4(text);
  if (!bytes) throw new WarrenError("address-invalid", `${JSON.stringify(text)} is not an IP address: ${reason(text)}`);
  if (bytes.length === 4) return { family: 4, bytes };
  return isMapped(bytes) ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

function parse4(text: string): Uint8Array | undefined {
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? Uint8Array.from(ipaddr.IPv4.parse(text).octets) : undefined;
}

/**
 * A dotted tail is turned into two hexadecimal groups first: ipaddr.js reads its parts as octal (`::ffff:010.0.0.1`)
 * and takes every `::a.b.c.d` for a mapped address.
 */
function parse6(text: string): Uint8Array | undefined {
  if (text.includes("%")) return undefined;
  let groups = text;
  if (text.includes(".")) {
    const at = text.lastIndexOf(":") + 1;
    const tail = parse4(text.slice(at));
    if (!tail) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = tail;
    groups = `${text.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  return ipaddr.IPv6.isValid(groups) ? Uint8Array.from(ipaddr.IPv6.parse(groups).toByteArray()) : undefined;
}

function reason(text: string): string {
  if (text.includes("%")) return "leave out the zone, it has no meaning on another host";
  if (text.includes("/")) return "expected a single address, not a prefix";
  return "expected four decimal parts without leading zeros, such as 10.244.1.1, or IPv6, such as fd00:77::1";
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** The one canonical text of an address (RFC 5952; a mapped address keeps its dotted tail, §5). */
export function formatAddress(address: IpAddress): string {
  const { bytes } = address;
  if (address.family === 4) return bytes.join(".");
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(12).join(".")}`;
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":"); // §4.2.2: one zero group is not shortened
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** The first of the longest runs (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Order for sorting: IPv4 before IPv6, then by value. Zero when both are the same address. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  for (let i = 0; i < a.bytes.length; i++) {
    const difference = a.bytes[i]! - b.bytes[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The address as an unsigned number; `addressFromValue` is the other way. Cold path. */
export function addressValue(address: IpAddress): bigint {
  let value = 0n;
  for (const byte of address.bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** @throws RangeError when the value has more bits than the family. */
export function addressFromValue(family: IpFamily, value: bigint): IpAddress {
  if (value < 0n || value >> BigInt(addressBits(family)) !== 0n)
    throw new RangeError(`${value} is not an IPv${family} address`);
  const bytes = new Uint8Array(addressBits(family) / 8);
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return { family, bytes };
}

/**
 * The address `n` further on (back, when negative).
 *
 * @throws RangeError when that is past the end of the family's addresses.
 */
export function addressPlus(address: IpAddress, n: number | bigint): IpAddress {
  return addressFromValue(address.family, addressValue(address) + BigInt(n));
}

/** An IPv4 address as the unsigned 32-bit number that `PrefixTable.lookup4` and the wire accessors use. */
export function addressToU32(address: IpAddress): number {
  if (address.family !== 4) throw new RangeError(`${formatAddress(address)} is not an IPv4 address`);
  return Number(addressValue(address));
}
