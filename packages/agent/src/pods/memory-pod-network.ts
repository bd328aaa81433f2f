import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { PodNetwork, PodWiring } from "./pod-network.ts";

/**
 * Pods without a kernel: remembers what was made. The simulator and the tests of `pod-set.ts` look at it, and may take
 * namespaces away behind the agent's back, as a reboot does.
 */
export class MemoryPodNetwork implements PodNetwork {
  readonly made = new Map<string, PodWiring>();
  readonly processes = new Map<number, { readonly netns: string; readonly end: (exit: number | string) => void }>();
  #nextPid = 1000;

  netnsPath(netns: string): string {
    return `/run/netns/${netns}`;
  }

  async make(wiring: PodWiring): Promise<void> {
    this.#refuseSharedAddress(wiring);
    this.made.set(wiring.netns, wiring);
  }

  async repair(wiring: PodWiring): Promise<"kept" | "remade"> {
    const known = this.made.has(wiring.netns);
    await this.make(wiring);
    return known ? "kept" : "remade";
  }

  async resize(wiring: PodWiring): Promise<void> {
    if (this.made.has(wiring.netns)) this.made.set(wiring.netns, wiring);
  }

  async remove(wiring: PodWiring): Promise<void> {
    for (const [pid, { netns, end }] of this.processes) {
      if (netns !== wiring.netns) continue;
      this.processes.delete(pid);
      end("SIGTERM");
    }
    this.made.delete(wiring.netns);
  }

  async start(wiring: PodWiring): Promise<{ pid: number; startTime: number; exited: Promise<number | string> }> {
    const pid = this.#nextPid++;
    const { promise, resolve } = Promise.withResolvers<number | string>();
    this.processes.set(pid, { netns: wiring.netns, end: resolve });
    return { pid, startTime: pid, exited: promise };
  }

  runs(pid: number): boolean {
    return this.processes.has(pid);
  }

  /** A real network would carry on and answer for the wrong pod; here it is a defect that ends the test. */
  #refuseSharedAddress(wiring: PodWiring): void {
    for (const other of this.made.values())
      if (other.netns !== wiring.netns && other.addresses.some((address) => wiring.addresses.includes(address)))
        throw new WarrenError("internal", `${wiring.netns} and ${other.netns} have the same address`);
  }
}
