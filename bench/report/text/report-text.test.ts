import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readReport } from "../read-report.ts";
import { renderText } from "./report-text.ts";

const SAMPLE = readReport(fileURLToPath(new URL("../../testdata/made-up-report.json", import.meta.url)));

const text = renderText(SAMPLE);
const lines = text.split("\n");
const block = (first: RegExp): string[] => {
  const start = lines.findIndex((line) => first.test(line));
  return lines.slice(start, lines.indexOf("", start));
};

describe("text of a report", () => {
  it("begins with the machine, what speaks against the figures, and what was measured", () => {
    expect(lines.slice(0, 12)).toEqual([
      "No Such CPU, 2 cores, 8 GiB",
      "Linux 6.1.0, Node 24.1.0, TCP cubic, iperf3 3.12, sockperf 3.7",
      "23.0 % busy before the start, 0.1 % stolen by the hypervisor meanwhile",
      "WARNING: others used 23 % of the cores before the start: repeat this on a quiet machine before you trust it",
      "",
      "path: rounds 3, made-up values",
      "  raw-veth      Linux 6.1.0, the underlay, without an overlay",
      "  kernel-vxlan  Linux 6.1.0, the kernel's vxlan device, with static FDB, neighbours and routes",
      "  warren        0.1.0 (0000000), Warren, plain VXLAN through TUN, node to node",
      "  wireguard-go  0.0.1, WireGuard in Go",
      "  nebula        1.0.0, Nebula, AES-256-GCM",
      "  boringtun     0.1.0, WireGuard in Rust",
    ]);
  });

  it("has a line for each system and a column for each reference, and names the peer that is ahead", () => {
    expect(block(/^udp-64/)).toMatchInlineSnapshot(`
      [
        "udp-64: 64-byte UDP datagrams delivered under overload, kpps, higher is better",
        "                median    min–max  kernel-vxlan    min–max  wireguard-go    min–max  boringtun",
        "  raw-veth         284    256–294         1.95×  1.65–1.98         7.06×  5.33–7.15      1.77×",
        "  kernel-vxlan     149    146–155         1.00×                    3.62×  3.23–3.62      0.90×",
        "  warren           134    132–151         0.92×  0.89–0.98         3.21×  3.15–3.34      0.83×",
        "  wireguard-go    41.1  40.2–47.9         0.28×  0.28–0.31         1.00×                 0.25×",
        "  nebula             –",
        "  boringtun        166    160–181         1.11×  1.10–1.17         3.98×  3.78–4.03      1.00×",
        "  boringtun is ahead of warren: 1.20×",
      ]
    `);
  });

  it("fits a terminal of 100 columns, with four references", () => {
    const tables = [...block(/^tcp-1:/), ...block(/^latency-p99.9/), ...block(/^Goals/)];
    expect(tables.filter((line) => line.length > 100)).toEqual([]);
  });

  it("fits also with long names: ranges of ratios are left out from the right", () => {
    const suites = SAMPLE.suites.map((suite) => ({
      ...suite,
      systems: [...suite.systems, { name: "warren-chacha20-poly1305", role: "own" as const, version: "", about: "" }],
    }));
    const longer = renderText({ ...SAMPLE, suites }).split("\n");
    const head = longer[longer.findIndex((line) => line.startsWith("tcp-1:")) + 1]!;
    expect(head.length).toBeLessThanOrEqual(100);
    expect(head.trim().split(/\s{2,}/)).toEqual([
      "median",
      "min–max",
      "kernel-vxlan",
      "wireguard-go",
      "nebula",
      "boringtun",
    ]);
  });

  it("shows each goal with floor, goal and verdict, then what was not measured", () => {
    expect(block(/^Goals/)).toMatchInlineSnapshot(`
      [
        "Goals",
        "                         against       median    min–max   floor   goal",
        "  tcp-1          warren  kernel-vxlan  0.69 ×  0.66–0.81  ≥ 0.65  ≥ 0.9  floor reached",
        "  tcp-8          warren  kernel-vxlan  0.74 ×  0.63–0.78  ≥ 0.65  ≥ 0.9  floor reached",
        "  udp-64         warren  kernel-vxlan  0.92 ×  0.89–0.98   ≥ 0.9  ≥ 1.2  floor reached",
        "  latency-p50    warren  kernel-vxlan  1.74 ×  1.71–2.07   ≤ 2.5  ≤ 1.8  goal reached",
        "  latency-p99.9  warren  kernel-vxlan  2.21 ×  1.65–2.26     ≤ 3  ≤ 1.5  floor reached",
        "  tcp-1          warren  wireguard-go  3.15 ×  2.71–3.16   ≥ 2.5    ≥ 4  floor reached",
        "  udp-64         warren  wireguard-go  3.21 ×  3.15–3.34     ≥ 3    ≥ 5  floor reached",
        "  latency-p50    warren  wireguard-go  0.24 ×  0.24–0.28  ≤ 0.35  ≤ 0.2  floor reached",
        "  tcp-1-cpu      warren  wireguard-go  0.30 ×  0.29–0.34  ≤ 0.45  ≤ 0.3  goal reached",
        "  not measured: tcp-1, warren-aes against kernel-vxlan",
        "  not measured: tcp-1, warren-aes against wireguard-go",
        "  not measured: tcp-1, warren-aes against nebula",
        "  not measured: tcp-1, warren-aes against boringtun",
        "  not measured: tcp-1, warren-chacha against wireguard-go",
        "  not measured: tcp-1, warren-chacha against nebula",
        "  not measured: tcp-1, warren-chacha against boringtun",
        "  not measured: latency-p50, warren-aes against wireguard-go",
        "  not measured: latency-p50, warren-chacha against wireguard-go",
        "  not measured: tcp-1-cpu, warren-aes against wireguard-go",
        "  not measured: tcp-1, warren-kernel against kernel-vxlan",
        "  not measured: tcp-1, warren-direct against raw-veth",
      ]
    `);
  });

  it("ends with what failed", () => {
    expect(block(/^FAILED/)).toEqual([
      "FAILED",
      "  nebula, udp-64: not measured in rounds 1, 2, 3: iperf3: unable to send control message: Bad file descriptor",
    ]);
  });
});
