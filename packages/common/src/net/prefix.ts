import { WarrenError } from "../errors/warren-error.ts";
import {
  addressBits,
  addressFromValue,
  addressPlus,
  addressValue,
  compareAddresses,
  formatAddress,
  type IpAddress,
  parseAddress,
} from "./address.ts";

/** A block of addresses: the bits of `address` after the first `length` are zero. */
export interface Prefix {
  readonly address: IpAddress;
  /** 0–32 or 0–128. */
  readonly length: number;
}

/**
 * Reads `10.244.0.0/16` or `fd00:77::/48`. Set host bits are refused, not cleared: `10.244.7.1/16` may be a slip in the
 * address as well as in the length, so the message shows both right forms. IPv4-mapped prefixes are refused too.
 *
 * @throws WarrenError `address-invalid`
 */
export function parsePrefix(text: string): Prefix {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) {
    throw invalid(text, "expected an address, a slash and a length, such as 10.244.0.0/16 or fd00:77::/48");
  }
  const [, addressText = "", lengthText = ""] = match;
  const address = parseAddress(addressText);
  const length = Number(lengthText);
  const bits = addressBits(address.family);
  if (address.family === 4 && addressText.includes(":")) {
    throw invalid(text, `write it as IPv4, such as ${formatAddress(address)}/${Math.max(0, length - 96)}`);
  }
  if (length > bits) throw invalid(text, `the length of an IPv${address.family} prefix is at most ${bits}`);
  const prefix = prefixOf(address, length);
  if (compareAddresses(prefix.address, address) !== 0) {
    const [block, single] = [formatPrefix(prefix), `${formatAddress(address)}/${bits}`];
    throw invalid(text, `bits after the first ${length} are set; the block is ${block}, the address alone ${single}`);
  }
  return prefix;
}

function invalid(text: string, expected: string): WarrenError {
  return new WarrenError("address-invalid", `${JSON.stringify(text)} is not a prefix: ${expected}`);
}

/** The block of that length which holds the address. */
export function prefixOf(address: IpAddress, length: number): Prefix {
  const hostBits = hostBitsOf({ address, length });
  const value = (addressValue(address) >> hostBits) << hostBits;
  return { address: addressFromValue(address.family, value), length };
}

function hostBitsOf(prefix: Prefix): bigint {
  return BigInt(addressBits(prefix.address.family) - prefix.length);
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** False for an address of the other family. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  if (prefix.address.family !== address.family) return false;
  const hostBits = hostBitsOf(prefix);
  return addressValue(prefix.address) >> hostBits === addressValue(address) >> hostBits;
}

/** True when the two share an address; one of them then lies inside the other. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

/** Number of addresses, network and broadcast address included. */
export function prefixSize(prefix: Prefix): bigint {
  return 1n << hostBitsOf(prefix);
}

/** How many blocks of `length` the pool can be cut into; 0 when `length` is shorter than the pool's own. */
export function subnetCount(pool: Prefix, length: number): bigint {
  return length < pool.length ? 0n : 1n << BigInt(length - pool.length);
}

/**
 * Block number `index` (from 0) of the pool cut into blocks of `length`.
 *
 * @throws RangeError when the pool has no such block.
 */
export function nthSubnet(pool: Prefix, length: number, index: bigint): Prefix {
  if (length > addressBits(pool.address.family) || index < 0n || index >= subnetCount(pool, length)) {
    throw new RangeError(`${formatPrefix(pool)} has no block number ${index} of length ${length}`);
  }
  const size = prefixSize({ address: pool.address, length });
  return { address: addressPlus(pool.address, index * size), length };
}

/** The other way: which block of its length the subnet is in the pool; undefined when it lies outside. */
export function subnetIndex(pool: Prefix, subnet: Prefix): bigint | undefined {
  if (subnet.length < pool.length || !prefixContains(pool, subnet.address)) return undefined;
  return (addressValue(subnet.address) - addressValue(pool.address)) / prefixSize(subnet);
}

/**
 * Address number `n` (from 0) of the prefix.
 *
 * @throws RangeError when `n` is not inside.
 */
export function nthAddress(prefix: Prefix, n: number | bigint): IpAddress {
  if (n < 0 || BigInt(n) >= prefixSize(prefix))
    throw new RangeError(`${formatPrefix(prefix)} has no address number ${n}`);
  return addressPlus(prefix.address, n);
}
