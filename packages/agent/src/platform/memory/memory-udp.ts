import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, type IpAddress } from "@warren/common/net/address.ts";
import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Arena } from "../../dataplane/arena.ts";
import { MAX_SEND } from "../../dataplane/gso-limit.ts";
import { type UdpPort, WOULD_BLOCK } from "../../dataplane/ports.ts";
import { AF_INET, encodeSockaddr, SOCKADDR_BYTES, SOCKADDR_V4, SOCKADDR_V6 } from "../../route/sockaddr.ts";
import { seededRandom } from "./random.ts";

/** Datagrams a socket holds; when it is full the newest is dropped, as the kernel does. */
const QUEUE_DATAGRAMS = 4096;
/** UDP_MAX_SEGMENTS of current kernels. */
export const MEMORY_MAX_SEGMENTS = 128;
const EINVAL = 22;
const EMSGSIZE = 90;

/** What the network does to datagrams; rates from 0 to 1, for each datagram by itself. */
export interface NetworkWeather {
  readonly lossRate?: number;
  readonly duplicateRate?: number;
  readonly delayMs?: number;
  /** Up to so much is added to the delay, at random: datagrams then overtake one another. */
  readonly jitterMs?: number;
  /** True when nothing passes from one to the other. */
  readonly isCut?: (from: string, to: string) => boolean;
}

interface Datagram {
  readonly from: Uint8Array;
  readonly payload: Uint8Array;
}

/** An underlay in memory: everybody reaches everybody, with seeded loss, delay, reordering and duplication. */
export class MemoryUdpNetwork {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #sockets = new Map<string, MemoryUdp>();
  weather: NetworkWeather;
  /** Called with every datagram that is sent, whatever becomes of it, and its ends, HOST:PORT. */
  watch: (payload: Uint8Array, from: string, to: string) => void = () => {};
  /** Addresses that no machine has any more: what a socket there sends, or is sent, is lost. */
  readonly gone = new Set<string>();

  constructor(clock: Clock, seed: number, weather: NetworkWeather = {}) {
    this.#clock = clock;
    this.#random = seededRandom(seed);
    this.weather = weather;
  }

  /** @throws `port-in-use` */
  bind(address: IpAddress, port: number): MemoryUdp {
    const endpoint = formatEndpoint({ host: formatAddress(address), port });
    if (this.#sockets.has(endpoint)) throw new WarrenError("port-in-use", `UDP ${endpoint} is in use`);
    const name = new Uint8Array(SOCKADDR_BYTES);
    encodeSockaddr(name, 0, address, port);
    const socket = new MemoryUdp(
      (to, payload) => this.#carry(endpoint, to, { from: name, payload }),
      () => this.#sockets.delete(endpoint),
    );
    this.#sockets.set(endpoint, socket);
    return socket;
  }

  #isGone(endpoint: string): boolean {
    return this.gone.size > 0 && this.gone.has(parseEndpoint(endpoint).host);
  }

  #carry(from: string, to: string, datagram: Datagram): void {
    const { lossRate = 0, duplicateRate = 0, delayMs = 0, jitterMs = 0, isCut } = this.weather;
    this.watch(datagram.payload, from, to);
    if (isCut?.(from, to) || this.#isGone(from) || this.#isGone(to)) return;
    const copies = 1 + Number(this.#random() < duplicateRate);
    for (let i = 0; i < copies; i++) {
      if (this.#random() < lossRate) continue;
      const delay = delayMs + this.#random() * jitterMs;
      // Always by the clock, even without delay: a packet never arrives inside the call that sent it.
      this.#clock.after(delay, () => this.#sockets.get(to)?.arrive(datagram));
    }
  }
}

/** One socket of the network in memory: what the packet path sees of it is what a UDP socket of the kernel shows. */
export class MemoryUdp {
  readonly #send: (to: string, payload: Uint8Array) => void;
  readonly #unbind: () => void;
  readonly #queue: Datagram[] = [];
  #readable: () => void = () => {};
  /** Datagrams the full queue did not take. */
  overflows = 0;

  constructor(send: (to: string, payload: Uint8Array) => void, unbind: () => void) {
    this.#send = send;
    this.#unbind = unbind;
  }

  close(): void {
    this.#unbind();
  }

  /** Called after every arrival: what `poll` is for a real socket. */
  onReadable(readable: () => void): void {
    this.#readable = readable;
  }

  /** A datagram comes in from the network. */
  arrive(datagram: Datagram): void {
    if (this.#queue.length >= QUEUE_DATAGRAMS) {
      this.overflows++;
      return;
    }
    this.#queue.push(datagram);
    this.#readable();
  }

  /** Sends one datagram to a socket address. */
  sendTo(name: Uint8Array, payload: Uint8Array): void {
    this.#send(endpointOf(name, 0), payload.slice());
  }

  /** The socket as seen from an arena, with the kernel's UDP_SEGMENT and UDP_GRO. */
  port(arena: Arena, nameOffset: number): UdpPort {
    const { bytes } = arena;
    const port = {
      nameOffset,
      segmentSize: 0,
      send: (name: number, _nameLength: number, offset: number, length: number, segmentSize: number): number => {
        if (length > MAX_SEND) return -EMSGSIZE;
        const step = segmentSize || Math.max(1, length);
        if (length > step * MEMORY_MAX_SEGMENTS) return -EINVAL;
        const to = endpointOf(bytes, name);
        for (let at = 0; at < Math.max(1, length); at += step) {
          this.#send(to, bytes.slice(offset + at, offset + Math.min(at + step, length)));
        }
        return length;
      },
      receive: (offset: number, capacity: number): number => {
        const first = this.#queue.shift();
        if (!first) return WOULD_BLOCK;
        bytes.set(first.from, nameOffset);
        bytes.set(first.payload.subarray(0, capacity), offset);
        const size = first.payload.length;
        let length = Math.min(size, capacity);
        let joined = 1;
        while (size > 0 && joined < MEMORY_MAX_SEGMENTS) {
          const next = this.#queue[0];
          if (!next || next.from !== first.from || next.payload.length > size) break;
          if (next.payload.length === 0 || length + next.payload.length > Math.min(capacity, MAX_SEND)) break;
          this.#queue.shift();
          bytes.set(next.payload, offset + length);
          length += next.payload.length;
          joined++;
          if (next.payload.length < size) break;
        }
        port.segmentSize = joined > 1 ? size : 0;
        return length;
      },
    };
    return port;
  }
}

function endpointOf(bytes: Uint8Array, name: number): string {
  const v4 = bytes[name] === AF_INET;
  const at = name + (v4 ? SOCKADDR_V4 : SOCKADDR_V6);
  const address: IpAddress = { family: v4 ? 4 : 6, bytes: bytes.slice(at, at + (v4 ? 4 : 16)) };
  return formatEndpoint({ host: formatAddress(address), port: (bytes[name + 2]! << 8) | bytes[name + 3]! });
}
