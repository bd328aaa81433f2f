/**
 * How much one report may hold. A node leaves out what is more, the control plane refuses it: what it keeps of a node is
 * bounded, whatever the node sends.
 */
export const REPORT_LIMITS = {
  peers: 100,
  pods: 1_000,
  /** Of one pod. */
  addresses: 4,
  warnings: 20,
  /** Characters of a warning. */
  warningLength: 1_000,
} as const;
