import { tcpGbitPerSecond, udpDeliveredKpps } from "./iperf3-output.ts";
import { withListener } from "./listener.ts";
import type { Path, Work } from "./work.ts";

const PORT = 5201;

/** TCP throughput with `streams` connections at once, client to server, payload as the receiver counted it. */
export function tcp(streams: number): Work {
  const name = `tcp-${streams}`;
  const about = streams === 1 ? "one TCP stream" : `${streams} TCP streams`;
  return {
    name,
    figures: [{ name, about, unit: "Gbit/s", better: "higher" }],
    run: async (path, seconds, signal) => [
      tcpGbitPerSecond(await iperf3(path, seconds, signal, ["-P", String(streams)])),
    ],
  };
}

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
      udpDeliveredKpps(await iperf3(path, seconds, signal, ["-u", "-b", "0", "-l", String(bytes)])),
    ],
  };
}

/** One run of iperf3 against a server of its own (`-1`): no state is left over from the run before. */
function iperf3(path: Path, seconds: number, signal: AbortSignal, what: readonly string[]): Promise<string> {
  const { client, server, serverAddress } = path;
  const port = ["-p", String(PORT)];
  const args = ["-s", "-1", "-B", serverAddress, ...port];
  return withListener(server, { program: "iperf3", args, protocol: "tcp", port: PORT }, signal, async () => {
    const timed = ["-J", "-i", "0", "-t", String(seconds), "--connect-timeout", "5000"];
    const { stdout } = await client.tryRun("iperf3", ["-c", serverAddress, ...port, ...timed, ...what], {
      signal,
      timeoutMs: (seconds + 20) * 1000,
    });
    return stdout;
  });
}
