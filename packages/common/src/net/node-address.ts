import { addressPlus, formatAddress } from "./address.ts";
import { parsePrefix } from "./prefix.ts";

/** A node's own address in its pod CIDR: number 1. */
export function nodeAddress(cidr: string): string {
  return formatAddress(addressPlus(parsePrefix(cidr).address, 1));
}
