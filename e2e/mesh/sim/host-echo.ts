import { buildPacket } from "@warren/agent/dataplane/testing/packets.ts";
import type { EchoNetwork, EchoReply, EchoSocket } from "@warren/agent/live/echo-network.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { readU16 } from "@warren/common/wire/field.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** Echo over UDP (RFC 862) stands in for ICMP: it takes the same road, and there is a builder for it. */
const ECHO_PORT = 7;

export interface EchoHost {
  readonly time: VirtualTime;
  /** Own addresses of the node; none while no agent has set it up. */
  readonly addresses: () => readonly string[];
  readonly send: (packet: Uint8Array) => void;
}

/** What the kernel of a node does about echoes: answers those to its own addresses, and brings answers to who asked. */
export class HostEcho implements EchoNetwork {
  readonly #host: EchoHost;
  readonly #sockets = new Map<number, (reply: EchoReply) => void>();
  #ports = 40_000;

  constructor(host: EchoHost) {
    this.#host = host;
  }

  open(): EchoSocket {
    const port = this.#ports++;
    const { time, addresses } = this.#host;
    const replies: EchoReply[] = [];
    const asked = new Map<number, { readonly address: string; readonly atMs: number }>();
    this.#sockets.set(port, ({ address, sequence }) => {
      const request = asked.get(sequence);
      if (request?.address !== address || !asked.delete(sequence)) return;
      const roundTripUs = Math.max(1, Math.round((time.monotonicMs() - request.atMs) * 1_000));
      replies.push({ address, sequence, roundTripUs });
    });
    return {
      send: (address, sequence) => {
        const { family } = parseAddress(address);
        const source = addresses().find((own) => parseAddress(own).family === family);
        if (!source || !this.#sockets.has(port)) return;
        asked.set(sequence, { address, atMs: time.monotonicMs() });
        this.#send({ src: source, srcPort: port, dst: address, dstPort: ECHO_PORT }, sequence);
      },
      take: () => replies.splice(0),
      close: () => {
        this.#sockets.delete(port);
        replies.length = 0;
      },
    };
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Takes a packet that came to this node; false for one that is no echo, or not for the node itself. */
  take(packet: Uint8Array): boolean {
    const [family, header, at, length, protocol] =
      packet[0]! >>> 4 === 6 ? ([6, 40, 8, 16, 6] as const) : ([4, 20, 12, 4, 9] as const);
    const addressAt = (from: number): string => formatAddress({ family, bytes: packet.slice(from, from + length) });
    const [src, dst] = [addressAt(at), addressAt(at + length)];
    if (packet[protocol] !== 17 || !this.#host.addresses().includes(dst)) return false;
    const [srcPort, dstPort, sequence] = [0, 2, 8].map((field) => readU16(packet, header + field)) as [
      number,
      number,
      number,
    ];
    if (dstPort === ECHO_PORT) this.#send({ src: dst, srcPort: ECHO_PORT, dst: src, dstPort: srcPort }, sequence);
    else if (srcPort === ECHO_PORT) this.#sockets.get(dstPort)?.({ address: src, sequence, roundTripUs: 0 });
    else return false;
    return true;
  }

  #send(flow: { src: string; srcPort: number; dst: string; dstPort: number }, sequence: number): void {
    const payload = new Uint8Array(56);
    new DataView(payload.buffer).setUint16(0, sequence);
    this.#host.send(buildPacket({ ...flow, protocol: "udp", payload }));
  }
}
