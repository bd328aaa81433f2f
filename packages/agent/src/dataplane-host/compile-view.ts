import { addressBits, parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import { formatPrefix, parsePrefix } from "@warren/common/net/prefix.ts";
import { PrefixTable, type PrefixTableEntry } from "@warren/common/net/prefix-table.ts";
import { encodeEthernet } from "@warren/common/wire/ethernet.ts";
import { VXLAN_ENCAPSULATION } from "@warren/common/wire/overhead.ts";
import { encodeVxlan, VXLAN_HEADER } from "@warren/common/wire/vxlan.ts";
import { AddressMap } from "../route/address-map.ts";
import { type ForwardingTableData, LOCAL } from "../route/forwarding-tables.ts";
import { encodeSockaddr, SOCKADDR_BYTES } from "../route/sockaddr.ts";
import type { DataPlaneOptions, ForwardingView } from "./data-plane.ts";

/**
 * Compiles what the agent knows (texts, objects) to what the packet path uses (typed arrays). Cold path.
 *
 * A prefix that stands twice counts once, this node's own before a peer's, an earlier peer's before a later one's: the
 * control plane never sends such a view, and forwarding must not stop because one came.
 *
 * @param slotOf Place of a node's counters.
 * @throws `address-invalid` when a text of the view is not what it should be; nothing is changed then.
 */
export function compileView(
  view: ForwardingView,
  options: Pick<DataPlaneOptions, "vni" | "vtepMac" | "overlayMtu">,
  slotOf: (nodeId: string) => number,
): ForwardingTableData {
  if (view.peers.length >= LOCAL) throw new RangeError(`${view.peers.length} peers, expected fewer than ${LOCAL}`);
  const framing = view.framing ?? "plain";
  const entries = new Map<string, PrefixTableEntry>();
  const add = (text: string, value: number) => {
    const prefix = parsePrefix(text);
    const key = formatPrefix(prefix);
    if (!entries.has(key)) entries.set(key, { prefix, value });
  };
  for (const prefix of view.localPrefixes) add(prefix, LOCAL);

  const ourMac = parseMac(options.vtepMac);
  const sockaddrs = new Uint8Array(view.peers.length * SOCKADDR_BYTES);
  const sealedSockaddrs = new Uint8Array(view.peers.length * SOCKADDR_BYTES);
  const headers = new Uint8Array(view.peers.length * VXLAN_ENCAPSULATION);
  const counterSlots = new Uint16Array(view.peers.length);
  const addresses = view.peers.map((peer, index) => {
    for (const prefix of peer.prefixes) add(prefix, index);
    const address = parseAddress(peer.underlayAddress);
    encodeSockaddr(sockaddrs, index * SOCKADDR_BYTES, address, peer.port);
    encodeSockaddr(sealedSockaddrs, index * SOCKADDR_BYTES, address, peer.sealing?.port ?? 0);
    const header = index * VXLAN_ENCAPSULATION;
    encodeVxlan(headers, header, options.vni);
    encodeEthernet(headers, header + VXLAN_HEADER, { dst: parseMac(peer.vtepMac), src: ourMac, etherType: 0 });
    counterSlots[index] = slotOf(peer.nodeId);
    return address.bytes.subarray(0, addressBits(address.family) / 8);
  });
  return {
    routes: PrefixTable.build([...entries.values()]).data,
    senders: AddressMap.build(addresses).data,
    sockaddrs,
    sealedSockaddrs,
    headers,
    counterSlots,
    framing,
    overlayMtu: view.overlayMtu ?? options.overlayMtu,
  };
}
