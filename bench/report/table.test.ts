import { describe, expect, it } from "vitest";
import type { Figure } from "../works/work.ts";
import type { Report } from "./report.ts";
import { summarise } from "./summary.ts";
import { renderReport } from "./table.ts";

const figure: Figure = {
  name: "tcp-1",
  about: "one TCP stream",
  unit: "Gbit/s",
  better: "higher",
  goal: { ratio: 0.55 },
};
const samples = [
  { system: "kernel-vxlan", figure: "tcp-1", round: 0, value: 16 },
  { system: "kernel-vxlan", figure: "tcp-1", round: 1, value: 15 },
  { system: "warren", figure: "tcp-1", round: 0, value: 8 },
  { system: "warren", figure: "tcp-1", round: 1, value: 9 },
];
const systems = ["kernel-vxlan", "warren"];

const report: Report = {
  format: "warren-bench/1",
  started: "2026-01-02T03:04:05.000Z",
  command: "npm run bench -- path",
  machine: {
    cpu: "Some CPU",
    cores: 2,
    memoryGiB: 8,
    kernel: "6.1.0",
    node: "24.1.0",
    congestionControl: "cubic",
    tools: { iperf3: "3.12" },
    busyBefore: 0.014,
    stolen: 0.001,
    warnings: ["others used the cores"],
  },
  suites: [
    {
      name: "path",
      method: "2 rounds",
      systems: systems.map((name) => ({ name, version: "1.0", about: `the ${name} system` })),
      reference: "kernel-vxlan",
      rows: summarise({ figures: [figure], systems, samples, reference: "kernel-vxlan", subject: "warren" }),
      samples,
      failures: [{ system: "warren", work: "udp-64", round: 1, reason: "iperf3: refused" }],
    },
  ],
};

describe("table", () => {
  it("shows machine, versions, medians, spreads, paired ratios, goals and what failed", () => {
    expect(renderReport(report)).toBe(
      [
        "Some CPU, 2 cores, 8 GiB",
        "Linux 6.1.0, Node 24.1.0, TCP cubic, iperf3 3.12",
        "1.4 % busy before the start, 0.1 % stolen by the hypervisor meanwhile",
        "WARNING: others used the cores",
        "",
        "path: 2 rounds",
        "  kernel-vxlan  1.0, the kernel-vxlan system",
        "  warren        1.0, the warren system",
        "",
        "tcp-1: one TCP stream, Gbit/s, higher is better",
        "                  median          min – max  × kernel-vxlan      min – max",
        "  kernel-vxlan      15.5        15.0 – 16.0               1",
        "  warren            8.50        8.00 – 9.00            0.55    0.50 – 0.60  ≥ 0.55 × reached",
        "",
        "FAILED",
        "  warren, udp-64: not measured in round 2: iperf3: refused",
        "",
      ].join("\n"),
    );
  });
});
