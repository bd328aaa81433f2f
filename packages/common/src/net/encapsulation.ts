import { isSealed } from "./cipher.ts";

/** Which pod traffic between nodes travels in a tunnel; the rest is routed plainly. A setting of the cluster. */
export const ENCAPSULATIONS = ["always", "cross-subnet", "never"] as const;

/**
 * - `always`: every packet between nodes is encapsulated;
 * - `cross-subnet`: nodes in one layer-2 subnet route to each other, others encapsulate;
 * - `never`: nodes route to each other wherever they are, and the routers in between must know the pod CIDRs.
 */
export type Encapsulation = (typeof ENCAPSULATIONS)[number];

/**
 * The encapsulation that a node may use, whatever it was told: a plain route in a sealed cluster would carry in the clear
 * what was promised to be sealed. Text that is no mode (an older or a newer control plane) is `always` too.
 */
export function encapsulationOf(cluster: { readonly cipher: string; readonly encapsulation?: string }): Encapsulation {
  const mode = ENCAPSULATIONS.find((known) => known === cluster.encapsulation);
  return mode === undefined || isSealed(cluster.cipher) ? "always" : mode;
}
