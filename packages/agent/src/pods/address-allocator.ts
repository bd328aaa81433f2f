import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { addressBits, addressPlus, addressValue, formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { type Prefix, parsePrefix, prefixContains, prefixSize } from "@warren/common/net/prefix.ts";

/**
 * What of a pod CIDR is not for pods. Number 0 is the network address (IPv6: the subnet-router anycast address, RFC 4291
 * §2.6.1), number 1 is the node's own, and the last of an IPv4 block is taken for its broadcast address by many programs.
 */
const FIRST_POD = 2n;

/** How many pods a pod CIDR has room for. */
export function podCapacity(cidr: string): number {
  const count = lastPod(parsePrefix(cidr)) - FIRST_POD + 1n;
  return count > 0n ? Number(count) : 0;
}

/**
 * The next free address after `last`, in a circle, so that an address that was just given up rests for as long as
 * possible: a connection of the pod that had it must not meet the pod that gets it.
 *
 * @param last the address given out last in this CIDR; null at the beginning
 * @returns null when every address is in use
 */
export function nextAddress(cidr: string, last: string | null, isUsed: (address: string) => boolean): string | null {
  const prefix = parsePrefix(cidr);
  const base = addressValue(prefix.address);
  const end = lastPod(prefix);
  if (end < FIRST_POD) return null;
  let number = FIRST_POD - 1n;
  if (last !== null) {
    const previous = parseAddress(last);
    if (prefixContains(prefix, previous)) number = addressValue(previous) - base;
  }
  // One more try than there can be addresses in use is enough; the whole circle of a /64 is not walked.
  const total = end - FIRST_POD + 1n;
  for (let tried = 0n; tried < total; tried++) {
    number = number + 1n < FIRST_POD || number >= end ? FIRST_POD : number + 1n;
    const candidate = formatAddress(addressPlus(prefix.address, number));
    if (!isUsed(candidate)) return candidate;
  }
  return null;
}

export interface Allocation {
  readonly addresses: readonly string[];
  /** `last` for the next call, by CIDR. */
  readonly last: Readonly<Record<string, string>>;
}

/**
 * One address of each family that the node has pod CIDRs of, IPv4 first. Pure: the caller writes `last` down before it
 * uses the addresses. Throws `addresses-exhausted`.
 */
export function allocate(
  cidrs: readonly string[],
  last: Readonly<Record<string, string>>,
  isUsed: (address: string) => boolean,
): Allocation {
  const addresses: string[] = [];
  const next: Record<string, string> = { ...last };
  for (const family of [4, 6] as const) {
    const candidates = cidrs.filter((cidr) => parsePrefix(cidr).address.family === family);
    if (candidates.length === 0) continue;
    const found = firstFree(candidates, last, isUsed);
    if (!found) {
      const room = candidates.reduce((sum, cidr) => sum + podCapacity(cidr), 0);
      throw new WarrenError(
        "addresses-exhausted",
        `all ${room} pod addresses of ${candidates.join(", ")} are in use; delete a pod, or make the cluster with a smaller node prefix`,
      );
    }
    addresses.push(found.address);
    next[found.cidr] = found.address;
  }
  return { addresses, last: next };
}

function firstFree(
  cidrs: readonly string[],
  last: Readonly<Record<string, string>>,
  isUsed: (address: string) => boolean,
): { cidr: string; address: string } | null {
  for (const cidr of cidrs) {
    const address = nextAddress(cidr, last[cidr] ?? null, isUsed);
    if (address !== null) return { cidr, address };
  }
  return null;
}

function lastPod(prefix: Prefix): bigint {
  const reserved = addressBits(prefix.address.family) === 32 ? 2n : 1n;
  return prefixSize(prefix) - reserved;
}
