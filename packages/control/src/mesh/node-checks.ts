import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { addressValue, formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { formatPrefix, parsePrefix, prefixContains } from "@warren/common/net/prefix.ts";
import { PROTOCOL_VERSION } from "@warren/common/rpc/messages.ts";
import type { MeshContext } from "./context.ts";

/** @throws `version-mismatch` */
export function checkProtocol(protocol: number): void {
  if (protocol === PROTOCOL_VERSION) return;
  throw new WarrenError(
    "version-mismatch",
    `the node speaks protocol ${protocol}, this control plane ${PROTOCOL_VERSION}; run the same version on both`,
  );
}

/**
 * The canonical form of an underlay address.
 * @throws `address-invalid` for what is no address a datagram can be sent to, or lies in a pool or behind a foreign peer,
 *   where packets to it would be sent into the overlay they are to carry
 */
export function checkUnderlay({ pools, view }: MeshContext, text: string): string {
  const address = parseAddress(text);
  const first = address.bytes[0]!;
  const isMulticast = address.family === 4 ? first >= 224 : first === 0xff;
  if (isMulticast || addressValue(address) === 0n) {
    throw new WarrenError("address-invalid", `${text} cannot be a node's underlay address; expected one of its own`);
  }
  const pool = pools.find((candidate) => prefixContains(candidate.prefix, address));
  if (pool) {
    const inside = formatPrefix(pool.prefix);
    throw new WarrenError(
      "address-invalid",
      `the underlay address ${text} lies in the pool ${inside} of pod addresses; give the node's address on the underlay`,
    );
  }
  for (const peer of view.nodes.values()) {
    const prefix = peer.podCidrs.find((cidr) => prefixContains(parsePrefix(cidr), address));
    if (prefix === undefined) continue;
    throw new WarrenError(
      "address-invalid",
      `the underlay address ${text} lies in ${prefix}, which is behind foreign peer ${peer.name}; give the node's ` +
        "address on the underlay",
    );
  }
  return formatAddress(address);
}

/** @throws `usage` */
export function checkPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new WarrenError("usage", `the port is ${port}; expected 1 to 65535`);
}

/** What a node says of its version, fit for a log line and a table. */
export function cleanVersion(text: string): string {
  return text.replace(/[^\w.+-]/g, "").slice(0, 64);
}
