import type { WireguardPeerConfig } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { addressBits } from "@warren/common/net/address.ts";
import { formatEndpoint } from "@warren/common/net/endpoint.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { parsePrefix } from "@warren/common/net/prefix.ts";
import type { MeshContext } from "../mesh/context.ts";
import { describeNodes } from "./describe.ts";

/** Fits an underlay of 1500 bytes over IPv6 as well as IPv4: what wg-quick takes there (60 or 80 bytes are added). */
const MTU = 1420;

/**
 * The mesh as a foreign WireGuard peer must know it.
 * @throws `not-found` for a name that is of no WireGuard peer
 */
export function wireguardConfig(context: MeshContext, name: string): WireguardPeerConfig {
  const peer = describeNodes(context, true).find((each) => each.name === name);
  if (!peer?.sealing)
    throw new WarrenError(
      "not-found",
      `there is no WireGuard peer ${JSON.stringify(name)}; "warren peer list" shows the peers, "warren peer add" makes one`,
    );
  return {
    name,
    publicKey: peer.sealing.publicKey,
    listenPort: peer.sealing.port,
    addresses: peer.podCidrs.map(firstAddress),
    mtu: MTU,
    nodes: describeNodes(context, false).flatMap((node) => {
      // One that has not registered, or has left, has nothing to be reached at.
      if (!node.sealing || node.podCidrs.length === 0) return [];
      const { publicKey, port } = node.sealing;
      const endpoint = formatEndpoint({ host: node.underlayAddress, port });
      return [{ name: node.name, publicKey, endpoint, allowedIps: node.podCidrs }];
    }),
  };
}

/** The address alone, or the first of a longer block: number 0 of a block is nobody's. With the block's length. */
function firstAddress(cidr: string): string {
  const { address, length } = parsePrefix(cidr);
  return length === addressBits(address.family) ? cidr : `${nodeAddress(cidr)}/${length}`;
}
