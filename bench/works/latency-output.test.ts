import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pingLatency, sockperfLatency } from "./latency-output.ts";

const recorded = (name: string): string => readFileSync(new URL(`../testdata/${name}`, import.meta.url), "utf8");

describe("what sockperf printed", () => {
  it("gives the percentiles of one-way latency", () => {
    expect(sockperfLatency(recorded("sockperf-3.7.txt"))).toEqual({ p50: 33.845, p99: 51.291, p999: 70.399 });
  });

  it("is a failed run when no answer came, though sockperf exits with 0", () => {
    expect(() => sockperfLatency(recorded("sockperf-3.7-no-server.txt"))).toThrowError(
      expect.objectContaining({ code: "tool-failed", message: expect.stringContaining("Is the server down?") }),
    );
    expect(() => sockperfLatency("")).toThrowError(/no percentile 50/);
  });
});

describe("what ping printed", () => {
  it("halves each round trip", () => {
    const { p50, p99 } = pingLatency(recorded("ping-20221126.txt"));
    expect(p50).toBe(2.25);
    expect(p99).toBeGreaterThanOrEqual(p50);
  });

  it("is a failed run when no answer came", () => {
    expect(() => pingLatency("3 packets transmitted, 0 received, 100% packet loss")).toThrowError(/no answer/);
  });
});
