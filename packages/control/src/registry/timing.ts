/** The clocks of a cluster, in milliseconds. */
export interface Timing {
  /** How often a node says that it is there. */
  readonly heartbeatMs: number;
  /** Not heard of for this long: the node is down. */
  readonly livenessMs: number;
  /** Down for this long: its pod CIDRs may be given to others. */
  readonly retentionMs: number;
  /**
   * For this long after its own start the control plane gives no CIDR of a silent node away: while it was down no node
   * could be heard.
   */
  readonly restartGraceMs: number;
  /** Changes within this time go out as one netmap update. */
  readonly tickMs: number;
}

export const DEFAULT_TIMING: Timing = {
  heartbeatMs: 5_000,
  livenessMs: 15_000,
  retentionMs: 24 * 3_600_000,
  restartGraceMs: 300_000,
  tickMs: 50,
};
