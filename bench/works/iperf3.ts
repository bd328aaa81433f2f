import { busySeconds, readCpuTicks } from "../cpu-time.ts";
import {
  tcpBothGbitPerSecond,
  tcpGbitPerSecond,
  tcpGigabytes,
  udpDeliveredKpps,
  udpLossPercent,
} from "./iperf3-output.ts";
import { withListener } from "./listener.ts";
import type { Path, Work } from "./work.ts";

const PORT = 5201;
/** Every system carries it without loss when it is alone on two cores, the slowest with half of what it can. */
const PACED = { bytes: 512, perSecond: 10_000 };

/**
 * One TCP stream, client to server, payload as the receiver counted it, and what it cost: processor time of the whole
 * machine, both ends and the programs that send and receive included, for each gigabyte that arrived.
 */
export const tcpOne: Work = {
  name: "tcp-1",
  figures: [
    { name: "tcp-1", about: "one TCP stream", unit: "Gbit/s", better: "higher" },
    { name: "tcp-1-cpu", about: "CPU time of the machine, one TCP stream", unit: "s/GB", better: "lower" },
  ],
  run: async (path, seconds, signal) => {
    const { text, cpuSeconds } = await iperf3(path, seconds, signal, []);
    return [tcpGbitPerSecond(text), cpuSeconds / tcpGigabytes(text)];
  },
};

/** TCP throughput with `streams` connections at once, client to server, payload as the receiver counted it. */
export function tcp(streams: number): Work {
  const name = `tcp-${streams}`;
  return {
    name,
    figures: [{ name, about: `${streams} TCP streams`, unit: "Gbit/s", better: "higher" }],
    run: async (path, seconds, signal) => [
      tcpGbitPerSecond((await iperf3(path, seconds, signal, ["-P", String(streams)])).text),
    ],
  };
}

/** One TCP stream in each direction at once; the sum of both. */
export const tcpBoth: Work = {
  name: "tcp-both",
  figures: [{ name: "tcp-both", about: "a TCP stream each way, the sum", unit: "Gbit/s", better: "higher" }],
  run: async (path, seconds, signal) => [tcpBothGbitPerSecond((await iperf3(path, seconds, signal, ["--bidir"])).text)],
};

/**
 * Datagrams of `bytes` payload that reach the receiving program while the sender sends as fast as it can. The system
 * cannot slow the sender down, so this is what is left under overload.
 */
export function udpFlood(bytes: number): Work {
  const name = `udp-${bytes}`;
  const about = `${bytes}-byte UDP datagrams delivered under overload`;
  return {
    name,
    figures: [{ name, about, unit: "kpps", better: "higher" }],
    run: async (path, seconds, signal) => [
      udpDeliveredKpps((await iperf3(path, seconds, signal, ["-u", "-b", "0", "-l", String(bytes)])).text),
    ],
  };
}

/** What gets lost of datagrams at a rate that no system is near its limit with. */
export const udpPaced: Work = {
  name: "udp-paced",
  figures: [
    {
      name: "udp-paced-loss",
      about: `lost of ${PACED.perSecond / 1000} thousand ${PACED.bytes}-byte UDP datagrams a second`,
      unit: "%",
      better: "lower",
    },
  ],
  run: async (path, seconds, signal) => {
    const rate = String(PACED.bytes * 8 * PACED.perSecond);
    return [udpLossPercent((await iperf3(path, seconds, signal, ["-u", "-b", rate, "-l", String(PACED.bytes)])).text)];
  },
};

interface Run {
  /** What the client printed. */
  readonly text: string;
  /** What all cores together worked while the client ran. */
  readonly cpuSeconds: number;
}

/** One run of iperf3 against a server of its own (`-1`): no state is left over from the run before. */
function iperf3(path: Path, seconds: number, signal: AbortSignal, what: readonly string[]): Promise<Run> {
  const { client, server, serverAddress } = path;
  const port = ["-p", String(PORT)];
  const args = ["-s", "-1", "-B", serverAddress, ...port];
  return withListener(server, { program: "iperf3", args, protocol: "tcp", port: PORT }, signal, async () => {
    const timed = ["-J", "-i", "0", "-t", String(seconds), "--connect-timeout", "5000"];
    const before = readCpuTicks();
    const { stdout } = await client.tryRun("iperf3", ["-c", serverAddress, ...port, ...timed, ...what], {
      signal,
      timeoutMs: (seconds + 20) * 1000,
    });
    return { text: stdout, cpuSeconds: busySeconds(before, readCpuTicks()) };
  });
}
