import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { OverlayGuard, OverlayGuardPort } from "../dataplane-host/overlay-guard.ts";
import type { PodSource } from "../pods/pod-set.ts";
import type { HostNetwork, HostPlan, UnderlayInterface } from "./host-network.ts";

/** A host without a kernel, for the simulator and for tests: remembers what was asked of it. */
export class MemoryHostNetwork implements HostNetwork {
  plan: HostPlan | undefined;
  pods: readonly PodSource[] = [];
  overlay: OverlayGuard | null = null;
  readonly overlayGuard: OverlayGuardPort = {
    set: async (guard) => {
      this.overlay = guard;
    },
    drops: async () => ({}),
  };
  /** Underlay addresses of the host; the way to the control plane begins at the first. */
  readonly addresses: Map<string, UnderlayInterface>;

  /** @param addresses underlay addresses of the host */
  constructor(addresses: Readonly<Record<string, UnderlayInterface>>) {
    this.addresses = new Map(Object.entries(addresses));
  }

  async preflight(): Promise<void> {}

  async sourceTo(control: string): Promise<string> {
    for (const address of this.addresses.keys()) return address;
    throw new WarrenError("unavailable", `this host has no route to ${control}`);
  }

  hasAddress(address: string): boolean {
    return this.addresses.has(address);
  }

  async underlay(address: string): Promise<UnderlayInterface> {
    const found = this.addresses.get(address);
    if (!found) throw new WarrenError("address-not-local", `the underlay address ${address} is on no interface`);
    return found;
  }

  async apply(plan: HostPlan): Promise<void> {
    this.plan = plan;
  }

  plainPrefixes(): readonly string[] {
    return this.plan?.plainPaths.map((path) => path.prefix) ?? [];
  }

  async guardFirst({ sources }: { readonly sources: readonly PodSource[] }): Promise<void> {
    this.pods = sources;
  }

  async guardPods(pods: readonly PodSource[]): Promise<void> {
    this.pods = pods;
  }

  async repair(): Promise<string[]> {
    return [];
  }

  async clean(): Promise<void> {
    this.plan = undefined;
  }
}
