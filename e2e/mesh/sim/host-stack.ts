import { referenceSegment } from "@warren/agent/dataplane/testing/packets.ts";
import { MemoryHostNetwork } from "@warren/agent/host/memory-host-network.ts";
import { MemoryTun } from "@warren/agent/platform/memory/memory-tun.ts";
import { MemoryPodNetwork } from "@warren/agent/pods/memory-pod-network.ts";
import type { MemoryProbeNetwork } from "@warren/agent/probe/memory-probe-network.ts";
import { formatAddress, type IpAddress, parseAddress } from "@warren/common/net/address.ts";
import { formatPrefix, parsePrefix, prefixContains, prefixOf } from "@warren/common/net/prefix.ts";
import { HostEcho } from "./host-echo.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface HostStackOptions {
  readonly node: string;
  readonly underlay: string;
  readonly underlayMtu: number;
  readonly time: VirtualTime;
  readonly arrive: (arrival: Arrival) => void;
}

import { arriveAtProbes, probesOn } from "./probe-stack.ts";

/** A packet as it came out at a pod, or at the node itself. */
export interface Arrival {
  readonly node: string;
  /** Address of the pod (or of the node) that got it; null when nobody on this node has the destination. */
  readonly at: string | null;
  readonly packet: Uint8Array;
}

/**
 * What the kernel of a node does around the TUN device, as far as packets can tell: routes between pods and device, and
 * takes super-packets apart for who reads them. It outlives the agent, and so do the pods.
 */
export class HostStack {
  readonly network: MemoryHostNetwork;
  readonly pods = new MemoryPodNetwork();
  readonly #node: string;
  readonly #arrive: (arrival: Arrival) => void;
  readonly echo: HostEcho;
  #tun: MemoryTun | null = null;
  #probes: MemoryProbeNetwork | null = null;

  constructor({ node, underlay, underlayMtu, time, arrive }: HostStackOptions) {
    this.#node = node;
    this.#arrive = arrive;
    this.network = new MemoryHostNetwork({});
    const addresses = (): readonly string[] => this.network.plan?.nodeAddresses ?? [];
    this.echo = new HostEcho({ time, addresses, send: (packet) => this.send(packet) });
    this.setUnderlay(underlay, underlayMtu);
  }

  /** Replaces the underlay address; null takes it away. */
  setUnderlay(underlay: string | null, underlayMtu: number): void {
    this.network.addresses.clear();
    if (underlay === null) return;
    const subnet = formatPrefix(prefixOf(parseAddress(underlay), underlay.includes(":") ? 64 : 24));
    this.network.addresses.set(underlay, { name: "eth0", mtu: underlayMtu, subnet });
  }

  /** A new TUN device, as an agent makes it when it starts; it goes with the agent. */
  openTun(): MemoryTun {
    const tun = new MemoryTun();
    tun.onPacket(({ vnet, packet }) => {
      for (const segment of referenceSegment(vnet, packet)) this.#deliver(segment);
    });
    this.#tun = tun;
    return tun;
  }

  /** Sockets for an agent's self-tests; they go with the agent. */
  openProbes(): MemoryProbeNetwork {
    this.#probes = probesOn(this);
    return this.#probes;
  }

  closeProbes(): void {
    this.#probes = null;
  }

  /** Somebody looks at what `onUnderlay` is told. */
  get isTapped(): boolean {
    return this.#probes?.isTapped("eth0") ?? false;
  }

  /** A datagram of the underlay leaves or reaches this host. */
  onUnderlay(packet: Uint8Array): void {
    this.#probes?.pass("eth0", packet);
  }

  closeTun(): void {
    this.#tun?.onReadable(() => {});
    this.#tun = null;
  }

  /** A pod sends; `vnet` is of a super-packet. Where the host has no route for it, it is gone. */
  send(packet: Uint8Array, vnet?: Uint8Array): void {
    const to = destinationOf(packet);
    const text = formatAddress(to);
    if (this.#isHere(text)) {
      for (const segment of vnet ? referenceSegment(vnet, packet) : [packet]) this.#deliver(segment);
      return;
    }
    const plan = this.network.plan;
    if (!plan?.overlayPrefixes.some((prefix) => prefixContains(parsePrefix(prefix), to))) return;
    this.#tun?.send(packet, vnet);
  }

  /** Straight into the device, as from a process of the host that forges its source. */
  sendUnguarded(packet: Uint8Array): void {
    this.#tun?.send(packet);
  }

  #deliver(packet: Uint8Array): void {
    if (this.echo.take(packet)) return;
    if (arriveAtProbes(this.#probes, packet)) return;
    const to = formatAddress(destinationOf(packet));
    this.#arrive({ node: this.#node, at: this.#isHere(to) ? to : null, packet });
  }

  #isHere(address: string): boolean {
    if (this.network.plan?.nodeAddresses.includes(address)) return true;
    for (const pod of this.pods.made.values()) if (pod.addresses.includes(address)) return true;
    return false;
  }
}

function destinationOf(packet: Uint8Array): IpAddress {
  return packet[0]! >>> 4 === 6
    ? { family: 6, bytes: packet.slice(24, 40) }
    : { family: 4, bytes: packet.slice(16, 20) };
}
