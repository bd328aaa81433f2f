import type { StageCost, WorkerCosts } from "@warren/common/api/types.ts";
import { expect, it } from "vitest";
import { stagesTables } from "./stages-table.ts";

const stage = (direction: StageCost["direction"], name: string, nsPerPacket: number | null, share: number) => ({
  ...{ direction, stage: name, about: "", visits: 1, nsPerVisit: 1, nsPerPacket, share },
});
const totals = { cpuNs: 2e9, ownNs: 0, rounds: 100, timedRounds: 40 };
const egress: WorkerCosts = {
  ...{ directions: ["egress"], ...totals, accounted: 0.97 },
  stages: [stage(null, "wait", 140, 0.04), stage("egress", "read", 1860, 0.93), stage("egress", "join", 8, 0.004)],
};
const ingress: WorkerCosts = { directions: ["ingress"], ...totals, cpuNs: 0, stages: [], accounted: null };

it("shows for each work, node and worker what every stage cost, and the sum against the CPU time", () => {
  const traffic = { egress: { packets: 1_000_000, bytes: 1_400_000_000 }, ingress: { packets: 0, bytes: 0 } };
  const costs = { seconds: 4, ...traffic, workers: [egress, ingress] };
  expect(stagesTables([{ work: "tcp-1", node: "client", costs }])).toEqual([
    "",
    "tcp-1, client: sent 250,000 packets/s (2.80 Gbit/s), received 0 packets/s (0.00 Gbit/s)",
    "  worker for egress, 50.0 % of a core",
    "          stage  ns/packet   share",
    "          wait         140   4.0 %  █",
    `  egress  read       1,860  93.0 %  ${"█".repeat(28)}`,
    "  egress  join         8.0   0.4 %  ▏",
    "          sum               97.0 %  of the CPU time of the thread",
    "  worker for ingress, 0.0 % of a core: next to nothing to do",
  ]);
});
