import type { DataplaneKind } from "@warren/common/api/types.ts";
import type { OverlayGuardPort } from "../dataplane-host/overlay-guard.ts";
import type { PodSource } from "../pods/pod-set.ts";

/** The interface that carries the underlay address. */
export interface UnderlayInterface {
  readonly name: string;
  readonly mtu: number;
  /** The block of the underlay address: whom this host reaches on the link, without a router. */
  readonly subnet: string;
}

/** A pod CIDR of a peer that can be routed without a tunnel. */
export interface PlainPath {
  readonly prefix: string;
  /** Underlay address of the peer. */
  readonly underlay: string;
  /** False: over the router that leads to the peer's underlay address, which has to know the pod CIDR. */
  readonly onLink: boolean;
}

/** What the host has to do for the overlay. */
export interface HostPlan {
  readonly tun: string;
  readonly overlayMtu: number;
  readonly gsoMaxSegments: number;
  /** Pod CIDRs of this node. */
  readonly podCidrs: readonly string[];
  /** The node's own addresses, one for each pod CIDR. */
  readonly nodeAddresses: readonly string[];
  /** Everything that is the overlay's: the cluster's pools and prefixes of peers outside of them. */
  readonly overlayPrefixes: readonly string[];
  /** The cluster's pools. */
  readonly pools: readonly string[];
  /** Interface of the underlay address. */
  readonly underlay: string;
  /** What is routed plainly, past the TUN device. */
  readonly plainPaths: readonly PlainPath[];
  /** Pod CIDRs of peers whose packets may arrive without a tunnel: those above and, during a change, some more. */
  readonly plainSources: readonly string[];
  /** The overlay's prefixes go into the device as they are; false where the device has routes of its own to each peer. */
  readonly routeOverlay: boolean;
  /** What no other route takes of the overlay's prefixes is unreachable; it must not follow the host's default route. */
  readonly catchOverlay: boolean;
}

/**
 * What the agent needs of its host: addresses, routes, forwarding, packet filter. Every method sets a state and may be
 * called over any other, so that a restart after `kill -9` repairs and never doubles. Linux, and memory for the
 * simulator.
 */
export interface HostNetwork {
  /**
   * Whether an agent can run here at all. Throws `not-root`, `tun-missing`, `tool-missing`, each with what to do.
   */
  preflight(dataplane: DataplaneKind): Promise<void>;
  /**
   * The address of this host from which packets to the control plane leave. Sends nothing. Of several that are right,
   * `present`.
   * Throws `unavailable` while there is no way there, `config-invalid` where that is an address no other node reaches.
   */
  sourceTo(control: string, present?: string): Promise<string>;
  /** Whether the host has the address, on an interface that is up. Cheap: asked every few seconds. */
  hasAddress(address: string): boolean;
  /** Throws `address-not-local`. */
  underlay(address: string): Promise<UnderlayInterface>;
  /** Needs the TUN device to exist. Throws `already-exists` when the host routes one of the prefixes elsewhere. */
  apply(plan: HostPlan): Promise<void>;
  /** Which of the plan's plain paths have a route now. What has none (refused, taken, no way) goes into the tunnel. */
  plainPrefixes(): readonly string[];
  /**
   * For a start with pods that run already, before anything else is changed: their guard, and nothing plain from the
   * underlay. Whatever becomes of the start, it stays.
   */
  guardFirst(known: {
    readonly sources: readonly PodSource[];
    readonly underlay: string;
    readonly pools: readonly string[];
    readonly podCidrs: readonly string[];
  }): Promise<void>;
  /** The source guard: lets each pod send with its own addresses only. */
  guardPods(pods: readonly PodSource[]): Promise<void>;
  /** The guard of a packet path in the kernel. */
  readonly overlayGuard: OverlayGuardPort;
  /** Cheap look at what others on the host may have taken away; puts it back. @returns what it was, as sentences */
  repair(): Promise<string[]>;
  /**
   * Takes away what is ours. With pods left their guard stays: a pod may outlive the agent, its rights may not grow. The
   * overlay's guard stays until it is taken away by itself.
   */
  clean(options: { readonly podsRemain: boolean }): Promise<void>;
}
