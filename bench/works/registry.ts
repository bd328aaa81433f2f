import { connections } from "./connections.ts";
import { tcp, tcpBoth, tcpOne, udpFlood, udpPaced } from "./iperf3.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import type { Work } from "./work.ts";

/** Every work there is, in the order it is run. `latencyTool` is what this machine has. */
export function allWorks(latencyTool: "sockperf" | "ping"): readonly Work[] {
  return [
    tcpOne,
    tcp(8),
    tcpBoth,
    udpFlood(64),
    udpFlood(512),
    udpFlood(1400),
    udpPaced,
    latency(latencyTool),
    connections,
    memory,
  ];
}
