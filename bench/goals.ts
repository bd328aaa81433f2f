/** What a system is to reach in one figure; shown in every report, never enforced. */
export interface Goal {
  readonly figure: string;
  readonly system: string;
  /** The system that the ratio is to; null when floor and goal are values in the figure's own unit. */
  readonly against: string | null;
  readonly sign: "≥" | "≤";
  /** Without this the thing is not done. */
  readonly floor: number;
  /** Where it is to get to; the floor again where there is nothing beyond it. */
  readonly goal: number;
}

/** By suite. A row whose figure or systems a run leaves out is reported as not measured. */
export const GOALS: Readonly<Record<string, readonly Goal[]>> = {
  path: [
    { figure: "tcp-1", system: "warren", against: "kernel-vxlan", sign: "≥", floor: 0.65, goal: 0.9 },
    { figure: "tcp-8", system: "warren", against: "kernel-vxlan", sign: "≥", floor: 0.65, goal: 0.9 },
    { figure: "udp-64", system: "warren", against: "kernel-vxlan", sign: "≥", floor: 0.9, goal: 1.2 },
    { figure: "latency-p50", system: "warren", against: "kernel-vxlan", sign: "≤", floor: 2.5, goal: 1.8 },
    { figure: "latency-p99.9", system: "warren", against: "kernel-vxlan", sign: "≤", floor: 3, goal: 1.5 },
    { figure: "tcp-1", system: "warren", against: "wireguard-go", sign: "≥", floor: 2.5, goal: 4 },
    { figure: "udp-64", system: "warren", against: "wireguard-go", sign: "≥", floor: 3, goal: 5 },
    { figure: "latency-p50", system: "warren", against: "wireguard-go", sign: "≤", floor: 0.35, goal: 0.2 },
    { figure: "tcp-1-cpu", system: "warren", against: "wireguard-go", sign: "≤", floor: 0.45, goal: 0.3 },
    { figure: "tcp-1", system: "warren-aes", against: "kernel-vxlan", sign: "≥", floor: 0.36, goal: 0.5 },
    { figure: "tcp-1", system: "warren-aes", against: "wireguard-go", sign: "≥", floor: 1.5, goal: 2.5 },
    { figure: "tcp-1", system: "warren-aes", against: "nebula", sign: "≥", floor: 1.5, goal: 3 },
    { figure: "tcp-1", system: "warren-aes", against: "boringtun", sign: "≥", floor: 1.5, goal: 3 },
    { figure: "tcp-1", system: "warren-chacha", against: "wireguard-go", sign: "≥", floor: 1, goal: 1.6 },
    { figure: "tcp-1", system: "warren-chacha", against: "nebula", sign: "≥", floor: 1.5, goal: 3 },
    { figure: "tcp-1", system: "warren-chacha", against: "boringtun", sign: "≥", floor: 1.5, goal: 3 },
    { figure: "latency-p50", system: "warren-aes", against: "wireguard-go", sign: "≤", floor: 0.4, goal: 0.25 },
    { figure: "latency-p50", system: "warren-chacha", against: "wireguard-go", sign: "≤", floor: 0.4, goal: 0.25 },
    { figure: "tcp-1-cpu", system: "warren-aes", against: "wireguard-go", sign: "≤", floor: 0.7, goal: 0.45 },
    { figure: "tcp-1", system: "warren-kernel", against: "kernel-vxlan", sign: "≥", floor: 0.97, goal: 0.97 },
    { figure: "tcp-1", system: "warren-direct", against: "raw-veth", sign: "≥", floor: 0.95, goal: 0.95 },
  ],
  rest: [
    { figure: "rest-rss", system: "agent", against: null, sign: "≤", floor: 120, goal: 120 },
    { figure: "rest-cpu", system: "agent", against: null, sign: "≤", floor: 1, goal: 1 },
  ],
  "pod-add": [{ figure: "pod-add-p50", system: "warren", against: null, sign: "≤", floor: 60, goal: 60 }],
};
