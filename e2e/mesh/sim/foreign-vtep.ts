import { createArena, PACKETS, RECEIVE_NAME, SEND_NAME } from "@warren/agent/dataplane/arena.ts";
import { loadKernels } from "@warren/agent/dataplane-host/load-kernels.ts";
import { encodeSockaddr } from "@warren/agent/route/sockaddr.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import { ETHERTYPE_IPV4, encodeEthernet } from "@warren/common/wire/ethernet.ts";
import { VXLAN_ENCAPSULATION } from "@warren/common/wire/overhead.ts";
import { encodeVxlan, VXLAN_HEADER } from "@warren/common/wire/vxlan.ts";
import { DEFAULT_SETTINGS } from "./control-host.ts";
import type { SimMesh } from "./sim-mesh.ts";

const MAX_DATAGRAM = 65_536;

/** A VTEP without an agent, such as a Linux vxlan device: a socket that speaks plain VXLAN. */
export class ForeignVtep {
  readonly underlay: string;
  readonly mac = "02:00:5e:10:00:01";
  readonly #arena = createArena(loadKernels());
  readonly #port;

  constructor(mesh: SimMesh, underlay: string) {
    this.underlay = underlay;
    const socket = mesh.underlay.bind(parseAddress(underlay), DEFAULT_SETTINGS.port);
    this.#port = socket.port(this.#arena, RECEIVE_NAME);
  }

  /** The inner packets that have come since the last call. */
  received(): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (;;) {
      const length = this.#port.receive(PACKETS, MAX_DATAGRAM);
      if (length < 0) return packets;
      const step = this.#port.segmentSize || length;
      for (let at = 0; at < length; at += step) {
        const end = PACKETS + Math.min(at + step, length);
        packets.push(this.#arena.bytes.slice(PACKETS + at + VXLAN_ENCAPSULATION, end));
      }
    }
  }

  /** Sends an IPv4 packet to a VTEP. */
  send(packet: Uint8Array, to: { readonly underlay: string; readonly mac: string; readonly vni?: number }): void {
    const { bytes } = this.#arena;
    const nameLength = encodeSockaddr(bytes, SEND_NAME, parseAddress(to.underlay), DEFAULT_SETTINGS.port);
    encodeVxlan(bytes, PACKETS, to.vni ?? DEFAULT_SETTINGS.vni);
    const ethernet = { dst: parseMac(to.mac), src: parseMac(this.mac), etherType: ETHERTYPE_IPV4 };
    encodeEthernet(bytes, PACKETS + VXLAN_HEADER, ethernet);
    bytes.set(packet, PACKETS + VXLAN_ENCAPSULATION);
    this.#port.send(SEND_NAME, nameLength, PACKETS, VXLAN_ENCAPSULATION + packet.length, 0);
  }
}
