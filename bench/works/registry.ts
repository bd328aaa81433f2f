import { tcp, udpFlood } from "./iperf3.ts";
import { latency } from "./latency.ts";
import type { Work } from "./work.ts";

/** Every work there is, in the order it is run. `latencyTool` is what this machine has. */
export function allWorks(latencyTool: "sockperf" | "ping"): readonly Work[] {
  return [tcp(1), tcp(8), udpFlood(64), latency(latencyTool)];
}
