import { PrefixTable, type PrefixTableData } from "@warren/common/net/prefix-table.ts";
import type { Framing } from "@warren/common/wire/overhead.ts";
import { AddressMap, type AddressMapData } from "./address-map.ts";

/**
 * What the packet path knows of the mesh: immutable, structure of arrays, handed to a worker whole and taken into use
 * between two batches. A peer is an index into the arrays, valid for this table only.
 */
export interface ForwardingTableData {
  /** Inner address → peer index, or `LOCAL`. Both directions ask it: where to, and from whom. */
  readonly routes: PrefixTableData;
  /** Underlay address → peer index. */
  readonly senders: AddressMapData;
  /** `SOCKADDR_BYTES` for each peer: where to send what is plain, and what is sealed. */
  readonly sockaddrs: Uint8Array<ArrayBuffer>;
  readonly sealedSockaddrs: Uint8Array<ArrayBuffer>;
  /** `VXLAN_ENCAPSULATION` bytes for each peer: VXLAN header and inner Ethernet header, its type left zero. */
  readonly headers: Uint8Array<ArrayBuffer>;
  /** For each peer its place among the counters. */
  readonly counterSlots: Uint16Array<ArrayBuffer>;
  /** How packets leave. What arrives is taken as the open sockets take it. */
  readonly framing: Framing;
  /** Longest inner packet that may leave. */
  readonly overlayMtu: number;
}

/** Value of this node's own prefixes in `routes`. */
export const LOCAL = 0xffff;

export interface ForwardingTables {
  readonly routes: PrefixTable;
  readonly senders: AddressMap;
  readonly sockaddrs: Uint8Array;
  readonly sealedSockaddrs: Uint8Array;
  readonly headers: Uint8Array;
  readonly counterSlots: Uint16Array;
  /** The other way round: a slot's peer, -1 for a slot of none. */
  readonly peersBySlot: Int32Array;
  readonly framing: Framing;
  readonly overlayMtu: number;
}

/** The same with its lookups, on the side that uses it. */
export function openTables(data: ForwardingTableData): ForwardingTables {
  const peersBySlot = new Int32Array(Math.max(-1, ...data.counterSlots) + 1).fill(-1);
  data.counterSlots.forEach((slot, peer) => {
    peersBySlot[slot] = peer;
  });
  return { ...data, routes: PrefixTable.from(data.routes), senders: new AddressMap(data.senders), peersBySlot };
}

/** No peer and no prefix: everything is dropped. */
export function emptyTables(): ForwardingTableData {
  return {
    routes: PrefixTable.build([]).data,
    senders: AddressMap.build([]).data,
    sockaddrs: new Uint8Array(0),
    sealedSockaddrs: new Uint8Array(0),
    headers: new Uint8Array(0),
    counterSlots: new Uint16Array(0),
    framing: "plain",
    overlayMtu: 0,
  };
}
