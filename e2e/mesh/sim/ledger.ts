import { buildPacket, buildSuperPacket, referenceSegment } from "@warren/agent/dataplane/testing/packets.ts";
import type { Arrival } from "./host-stack.ts";
import type { SimMesh } from "./sim-mesh.ts";
import type { SimNode } from "./sim-node.ts";

export interface Endpoint {
  readonly node: SimNode;
  readonly address: string;
}

/** Where a packet should come out; `node` null where its address may change hands meanwhile. */
export interface Destination {
  readonly node: SimNode | null;
  readonly address: string;
}

interface Entry {
  readonly to: Destination;
  readonly what: string;
  arrived: number;
}

/**
 * Keeps account of packets by their every byte: what was sent by whom to whom, and what came out where. Whatever comes
 * out that was not sent like this, or not to there, is a fault.
 */
export class Ledger {
  readonly #mesh: SimMesh;
  readonly #random: () => number;
  readonly #entries = new Map<string, Entry>();
  #read: number;
  #sequence = 0;
  readonly faults: string[] = [];

  constructor(mesh: SimMesh, random: () => number) {
    this.#mesh = mesh;
    this.#random = random;
    this.#read = mesh.arrivals.length;
  }

  get sent(): number {
    return this.#entries.size;
  }

  /**
   * A burst from one pod to another: datagrams of one flow, equally long and not; one TCP packet; a super-packet of TCP
   * and one of UDP that the packet path has to cut.
   */
  sendBurst(from: Endpoint, to: Destination, mtu: number): void {
    const flow = { src: from.address, dst: to.address, srcPort: 1024 + Math.floor(this.#random() * 60_000) };
    const headers = from.address.includes(":") ? 40 : 20;
    for (const length of [16, 700, 700, 700, 33, mtu - headers - 8]) {
      const payload = this.#payload(length);
      this.#send(from, to, buildPacket({ ...flow, protocol: "udp", payload, id: this.#sequence & 0xffff }));
    }
    this.#send(from, to, buildPacket({ ...flow, protocol: "tcp", payload: this.#payload(100), tcpFlags: 0x18 }));
    const tcp = buildSuperPacket(
      { ...flow, protocol: "tcp", payload: this.#payload(20_011), seq: 7 },
      mtu - headers - 20,
    );
    this.#send(from, to, tcp.packet, tcp.vnet);
    const udp = buildSuperPacket({ ...flow, protocol: "udp", payload: this.#payload(9_000), dstPort: 53 }, 1_000);
    this.#send(from, to, udp.packet, udp.vnet);
  }

  /** One small packet. */
  sendOne(from: Endpoint, to: Destination): void {
    const payload = this.#payload(40);
    this.#send(from, to, buildPacket({ src: from.address, dst: to.address, protocol: "udp", payload }));
  }

  /** Reads what arrived since the last call; returns what never did, and what came more than once, as sentences. */
  settle(): { readonly missing: string[]; readonly repeated: string[] } {
    const { arrivals } = this.#mesh;
    for (; this.#read < arrivals.length; this.#read++) this.#note(arrivals[this.#read]!);
    const entries = [...this.#entries.values()];
    return {
      missing: entries.filter((entry) => entry.arrived === 0).map((entry) => entry.what),
      repeated: entries.filter((entry) => entry.arrived > 1).map((entry) => entry.what),
    };
  }

  #send(from: Endpoint, to: Destination, packet: Uint8Array, vnet?: Uint8Array): void {
    const parts = vnet ? referenceSegment(vnet, packet) : [packet];
    for (const [index, part] of parts.entries()) {
      const what = `${from.node.name} ${from.address} to ${to.address}, ${part.length} bytes, part ${index}`;
      this.#entries.set(keyOf(part), { to, what, arrived: 0 });
    }
    from.node.stack.send(packet, vnet);
  }

  #note({ node, at, packet }: Arrival): void {
    const entry = this.#entries.get(keyOf(packet));
    if (!entry) this.faults.push(`${node} got ${packet.length} bytes that nobody sent like this`);
    else if (
      entry.to.node ? at !== entry.to.address || node !== entry.to.node.name : at !== null && at !== entry.to.address
    )
      this.faults.push(`a packet ${entry.what} came out on ${node} at ${at ?? "no pod"}`);
    else entry.arrived += 1;
  }

  /** Never the same twice: the first bytes count. */
  #payload(length: number): Uint8Array {
    const payload = new Uint8Array(length);
    for (let i = 0; i < length; i++) payload[i] = this.#random() * 256;
    new DataView(payload.buffer).setUint32(0, ++this.#sequence);
    return payload;
  }
}

function keyOf(packet: Uint8Array): string {
  return Buffer.from(packet.buffer, packet.byteOffset, packet.length).toString("latin1");
}
