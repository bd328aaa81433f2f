import { type Latency, pingLatency, sockperfLatency } from "./latency-output.ts";
import { withListener } from "./listener.ts";
import type { Figure, Path, Work } from "./work.ts";

const PORT = 11111;
const PAYLOAD_BYTES = 64;

type Meter = (path: Path, seconds: number, signal: AbortSignal) => Promise<Latency>;

/**
 * One request of 64 bytes at a time, the next one when the answer is there; half of the round trip. With `sockperf`
 * between two programs; with `ping`, where sockperf cannot be had, between a program and the other end's kernel. All
 * systems of a comparison are measured with the same one.
 */
export function latency(tool: "sockperf" | "ping"): Work {
  const meter = tool === "sockperf" ? sockperf : ping;
  const figure = (name: string, about: string): Figure => {
    return { name: `latency-${name}`, about: `one-way latency, ${about} (${tool})`, unit: "µs", better: "lower" };
  };
  return {
    name: "latency",
    figures: [figure("p50", "median"), figure("p99", "99th percentile"), figure("p99.9", "99.9th percentile")],
    // A run of sockperf takes two seconds more than it is told to; ping sends the same kind of lone packets without.
    warmUp: ping,
    run: async (path, seconds, signal) => {
      const { p50, p99, p999 } = await meter(path, seconds, signal);
      return [p50, p99, p999];
    },
  };
}

/** Of the time it is given, sockperf throws away the first 400 ms and the last 50 ms. */
const sockperf: Meter = ({ client, server, serverAddress }, seconds, signal) => {
  const end = ["-i", serverAddress, "-p", String(PORT)];
  const listener = { program: "sockperf", args: ["server", ...end], protocol: "udp", port: PORT } as const;
  return withListener(server, listener, signal, async () => {
    const timed = ["-t", String(seconds), "-m", String(PAYLOAD_BYTES)];
    const timeoutMs = (seconds + 20) * 1000;
    const { stdout } = await client.run("sockperf", ["ping-pong", ...end, ...timed], { signal, timeoutMs });
    return sockperfLatency(stdout);
  });
};

const ping: Meter = async ({ client, serverAddress }, seconds, signal) => {
  const args = ["-n", "-A", "-w", String(seconds), "-s", String(PAYLOAD_BYTES), serverAddress];
  const { stdout } = await client.tryRun("ping", args, { signal, timeoutMs: (seconds + 20) * 1000 });
  return pingLatency(stdout);
};
