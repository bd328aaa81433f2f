import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatEndpoint } from "@warren/common/net/endpoint.ts";
import type { PacketTap, ProbeEndpoint, ProbeNetwork, ProbeSite, ProbeSocket, SendOutcome } from "./probe-network.ts";

/** A datagram on its way. */
export interface MemoryDatagram {
  readonly from: ProbeEndpoint;
  readonly to: ProbeEndpoint;
  readonly payload: Uint8Array;
}

/** What stands in for the kernel's network: takes what is sent, and has `arrive` called where it comes out. */
export interface MemoryCarrier {
  /** Sends; throws when there is no way. */
  carry(datagram: MemoryDatagram): SendOutcome;
  /** Addresses that can be bound in a namespace; null when there is no such namespace. */
  addressesOf(netns: string | null): readonly string[] | null;
}

const FIRST_FREE_PORT = 32_768;

/** Sockets without a kernel: for the simulator, whose packets then take the real packet path, and for tests. */
export class MemoryProbeNetwork implements ProbeNetwork {
  readonly #carrier: MemoryCarrier;
  readonly #sockets = new Map<string, (datagram: MemoryDatagram) => void>();
  readonly #taps = new Map<string, Set<(packet: Uint8Array) => void>>();
  #nextPort = FIRST_FREE_PORT;

  /** @param interfaces that can be tapped */
  constructor(carrier: MemoryCarrier, interfaces: readonly string[] = ["eth0"]) {
    this.#carrier = carrier;
    for (const name of interfaces) this.#taps.set(name, new Set());
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#sockets.size;
  }

  /** A datagram came to this node. @returns false when no socket is there */
  arrive(datagram: MemoryDatagram): boolean {
    const socket = this.#sockets.get(keyOf(datagram.to));
    socket?.(datagram);
    return socket !== undefined;
  }

  isTapped(interfaceName: string): boolean {
    return (this.#taps.get(interfaceName)?.size ?? 0) > 0;
  }

  /** A packet leaves or reaches an interface. */
  pass(interfaceName: string, packet: Uint8Array): void {
    for (const onPacket of this.#taps.get(interfaceName) ?? []) onPacket(packet);
  }

  async open({ netns, address, port: asked }: ProbeSite): Promise<ProbeSocket> {
    const addresses = this.#carrier.addressesOf(netns);
    if (!addresses) throw new WarrenError("not-found", `the network namespace ${netns} cannot be opened`);
    if (!addresses.includes(address)) throw new WarrenError("address-not-local", `no UDP socket at ${address}`);
    const port = asked || this.#nextPort++;
    const key = keyOf({ address, port });
    if (this.#sockets.has(key)) throw new WarrenError("port-in-use", `no UDP socket at ${key}`);
    const listeners: ((payload: Uint8Array, from: ProbeEndpoint) => void)[] = [];
    this.#sockets.set(key, ({ payload, from }) => {
      for (const listener of listeners) listener(payload, from);
    });
    let isClosed = false;
    return {
      port,
      onDatagram: (listener) => void listeners.push(listener),
      send: async (payload, to) => {
        if (isClosed) throw new WarrenError("not-ready", `the socket at ${key} is closed`);
        return this.#carrier.carry({ from: { address, port }, to, payload: payload.slice() });
      },
      close: () => {
        if (!isClosed) this.#sockets.delete(key);
        isClosed = true;
      },
    };
  }

  tap(interfaceName: string, onPacket: (packet: Uint8Array) => void): PacketTap {
    const taps = this.#taps.get(interfaceName);
    if (!taps) throw new WarrenError("not-found", `there is no interface ${interfaceName} on this host`);
    taps.add(onPacket);
    return { close: () => void taps.delete(onPacket) };
  }
}

function keyOf({ address, port }: ProbeEndpoint): string {
  return formatEndpoint({ host: address, port });
}
