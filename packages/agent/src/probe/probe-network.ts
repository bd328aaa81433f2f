/** Where a socket is opened. */
export interface ProbeSite {
  /** Path of a pod's network namespace, as `PodInfo` has it; null for the node's own. */
  readonly netns: string | null;
  /** An address of that place: what is sent comes from it, and only what is for it is received. */
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface ProbeEndpoint {
  readonly address: string;
  readonly port: number;
}

/** `too-long`: the kernel of this host refused the packet for its length; nothing was sent. */
export type SendOutcome = "sent" | "too-long";

export interface ProbeSocket {
  readonly port: number;
  /**
   * Sends one datagram that no host may fragment. Throws `tool-failed` with the kernel's reason when there is no way to the
   * address, or a packet filter of this host refuses it; `not-ready` after `close`.
   */
  send(payload: Uint8Array, to: ProbeEndpoint): Promise<SendOutcome>;
  /** Called with every datagram that comes, but from link-local addresses; the payload is the listener's. */
  onDatagram(listener: (payload: Uint8Array, from: ProbeEndpoint) => void): void;
  close(): void;
}

/** Looks on at an interface until it is closed. */
export interface PacketTap {
  close(): void;
}

/**
 * What self-tests need of the kernel: datagrams from and to a place of this node, and a look at the underlay. Linux, and
 * memory for the simulator.
 */
export interface ProbeNetwork {
  /**
   * @throws `not-found` when the namespace is gone; `address-not-local`; `port-in-use`
   */
  open(site: ProbeSite): Promise<ProbeSocket>;
  /**
   * Calls `onPacket` with every IP packet that leaves or reaches the interface, beginning with its IP header; super-packets
   * of the offloads as one. The bytes are only lent. Under a flood packets are missed, never waited for.
   * @throws `capability-missing`; `not-found` for the interface
   */
  tap(interfaceName: string, onPacket: (packet: Uint8Array) => void): PacketTap;
}
