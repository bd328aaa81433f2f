import { expect, it } from "vitest";
import { describeFailures } from "./about-run.ts";

it("tells what failed alike in several rounds once, and since when a system is left out", () => {
  const failed = (round: number, reason = "refused") => ({ system: "nebula", work: "udp-64", round, reason });
  const absent = { system: "boringtun", work: null, round: 1, reason: "no cargo" };
  expect(describeFailures([failed(0), failed(1, "timed out"), absent, failed(2)])).toEqual([
    "nebula, udp-64: not measured in rounds 1, 3: refused",
    "nebula, udp-64: not measured in round 2: timed out",
    "boringtun: left out from round 2 on: no cargo",
  ]);
});
