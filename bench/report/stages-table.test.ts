import type { DirectionCosts } from "@warren/common/api/types.ts";
import { expect, it } from "vitest";
import { renderStages } from "./stages-table.ts";

const egress: DirectionCosts = {
  ...{ packets: 1_000_000, bytes: 1_400_000_000, cpuNs: 2e9, ownNs: 0, rounds: 100, timedRounds: 10, accounted: 0.97 },
  stages: [
    { stage: "read", about: "", visits: 1, nsPerVisit: 1, nsPerPacket: 1860, share: 0.93 },
    { stage: "join", about: "", visits: 1, nsPerVisit: 1, nsPerPacket: 8, share: 0.004 },
  ],
};
const ingress: DirectionCosts = { ...egress, packets: 0, bytes: 0, cpuNs: 0, stages: [], accounted: null };

it("shows for each work, node and direction what every stage cost, and the sum against the CPU time", () => {
  const costs = { seconds: 4, egress, ingress };
  expect(renderStages([{ work: "tcp-1", node: "client", costs }])).toEqual([
    "",
    "tcp-1, client, egress: 250,000 packets/s, 2.80 Gbit/s, 50.0 % of a core",
    "  stage        ns/packet    share",
    `  read             1,860   93.0 %  ${"█".repeat(28)}`,
    "  join               8.0    0.4 %  ▏",
    "  total            2,000  100.0 %  accounted for by the stages: 97.0 %",
    "",
    "tcp-1, client, ingress: 0 packets/s, 0.00 Gbit/s, 0.0 % of a core",
    "  next to nothing happened",
  ]);
});
