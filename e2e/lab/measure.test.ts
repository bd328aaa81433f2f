import { describe, expect, it } from "vitest";
import { readIperf, readPing } from "./measure.ts";

const PING = `PING 10.244.2.2 (10.244.2.2) 56(84) bytes of data.
64 bytes from 10.244.2.2: icmp_seq=1 ttl=62 time=0.241 ms

--- 10.244.2.2 ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 412ms
rtt min/avg/max/mdev = 0.101/0.171/0.241/0.070 ms
`;

describe("readPing", () => {
  it("reads counts and round-trip times", () => {
    expect(readPing(PING)).toMatchObject({ sent: 3, received: 2, rttMs: { min: 0.101, avg: 0.171, max: 0.241 } });
  });

  it("gives no times when nothing came back", () => {
    const text =
      "--- x ping statistics ---\n1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n";
    expect(readPing(text)).toMatchObject({ sent: 1, received: 0, rttMs: null });
  });

  it("takes an unreachable network as nothing sent", () => {
    expect(readPing("ping: connect: Network is unreachable\n")).toMatchObject({ sent: 0, received: 0 });
  });

  it("throws what ping said when it did not ping", () => {
    expect(() => readPing("ping: invalid argument: 'x'\n")).toThrow(/invalid argument/);
  });
});

describe("readIperf", () => {
  it("reads what the receiver counted", () => {
    const report = { end: { sum_received: { bits_per_second: 2.5e9, bytes: 100 }, sum_sent: { retransmits: 4 } } };
    expect(readIperf(JSON.stringify(report))).toEqual({ gbitPerSecond: 2.5, retransmits: 4, bytes: 100 });
  });

  it("throws iperf3's own words", () => {
    expect(() => readIperf(JSON.stringify({ error: "unable to connect to server" }))).toThrow(/unable to connect/);
    expect(() => readIperf("", "iperf3: command line error")).toThrow(/command line error/);
  });
});
