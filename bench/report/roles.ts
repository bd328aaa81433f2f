/** `own` is Warren in one of its forms, a `peer` another overlay, a `yardstick` what the kernel does by itself. */
export type Role = "own" | "peer" | "yardstick";

const YARDSTICKS: readonly string[] = ["raw-veth", "kernel-vxlan"];

/** Role of a system of the suite `path`. */
export function roleOf(system: string): Role {
  if (/^warren(-|$)/.test(system)) return "own";
  return YARDSTICKS.includes(system) ? "yardstick" : "peer";
}

/** Of the systems of a run, those that ratios are to: `reference`, when it is among them, then every peer. */
export function referencesAmong(systems: readonly string[], reference: string): string[] {
  return [
    ...systems.filter((system) => system === reference),
    ...systems.filter((system) => system !== reference && roleOf(system) === "peer"),
  ];
}
