import type { DropReason } from "../dataplane/drop.ts";

/** Whom the packet filter lets into a kernel device, and with which inner addresses. */
export interface OverlayGuard {
  /** Name of a device that exists. What is meant is the device, whatever it is called later. */
  readonly device: string;
  /** UDP port of VXLAN, this node's. */
  readonly port: number;
  readonly vni: number;
  readonly localPrefixes: readonly string[];
  /** Addresses as texts that are checked; no underlay address twice. */
  readonly peers: readonly { readonly underlayAddress: string; readonly prefixes: readonly string[] }[];
}

/**
 * The packet filter as a packet path in the kernel needs it: what worker threads check for every packet, a vxlan device
 * does not.
 */
export interface OverlayGuardPort {
  /** Replaces the guard as a whole, between two packets; null takes it away. */
  set(guard: OverlayGuard | null): Promise<void>;
  /** What it has dropped since this process started. Never goes back. */
  drops(): Promise<Partial<Record<DropReason, number>>>;
}
