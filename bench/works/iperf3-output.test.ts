import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  tcpBothGbitPerSecond,
  tcpGbitPerSecond,
  tcpGigabytes,
  udpDeliveredKpps,
  udpLossPercent,
} from "./iperf3-output.ts";

const recorded = (name: string): string => readFileSync(new URL(`../testdata/${name}`, import.meta.url), "utf8");

describe("what iperf3 printed", () => {
  it("gives the receiver's throughput of one TCP stream", () => {
    expect(tcpGbitPerSecond(recorded("iperf3-3.12-tcp-1.json"))).toBeCloseTo(13.354, 3);
  });

  it("gives the sum over eight TCP streams", () => {
    expect(tcpGbitPerSecond(recorded("iperf3-3.12-tcp-8.json"))).toBeCloseTo(22.19, 1);
  });

  it("adds both directions up, each as its receiver counted it", () => {
    expect(tcpBothGbitPerSecond(recorded("iperf3-3.12-tcp-both.json"))).toBeCloseTo(3.976, 3);
    expect(() => tcpBothGbitPerSecond(recorded("iperf3-3.12-tcp-1.json"))).toThrowError(/bidir_reverse/);
  });

  it("gives the payload that arrived", () => {
    expect(tcpGigabytes(recorded("iperf3-3.12-tcp-both.json"))).toBeCloseTo(0.24982, 5);
  });

  it("gives the loss of a paced run, and of one under overload", () => {
    expect(udpLossPercent(recorded("iperf3-3.12-udp-paced.json"))).toBe(0);
    expect(udpLossPercent(recorded("iperf3-3.12-udp-64.json"))).toBeCloseTo(2.08, 1);
  });

  it("counts UDP datagrams that arrived, not those that were sent", () => {
    const text = recorded("iperf3-3.12-udp-64.json");
    const { sum_sent: sent } = JSON.parse(text).end;
    expect(udpDeliveredKpps(text)).toBeCloseTo(244, 0);
    expect(udpDeliveredKpps(text)).toBeLessThan(sent.packets / sent.seconds / 1e3);
  });

  it("repeats iperf3's own words when the run failed", () => {
    expect(() => tcpGbitPerSecond(recorded("iperf3-3.12-refused.json"))).toThrowError(
      expect.objectContaining({
        code: "tool-failed",
        message: "iperf3: unable to connect to server: Connection refused",
      }),
    );
  });

  it("refuses output that is cut off or of another form", () => {
    const whole = recorded("iperf3-3.12-tcp-1.json");
    expect(() => tcpGbitPerSecond(whole.slice(0, 700))).toThrowError(/printed no JSON/);
    expect(() => tcpGbitPerSecond("")).toThrowError(/printed no JSON: nothing/);
    expect(() => tcpGbitPerSecond('{"start": {}, "end": {}}')).toThrowError(/without end.sum_sent/);
  });
});
