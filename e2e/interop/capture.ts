import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab.ts";
import type { LabNode } from "../lab/node.ts";
import { waitFor } from "../lab/wait-for.ts";

/**
 * Hosts and switch do no segmentation and no checksums "in hardware" any more: on a veth that hardware does not exist,
 * and a capture would show datagrams of 64 KiB with half a checksum that were never on a wire.
 */
export async function makeWireReal(lab: Lab): Promise<void> {
  const features = ["tx", "off", "tso", "off", "gso", "off", "gro", "off", "tx-udp-segmentation", "off"];
  for (const node of lab.hosts) await node.run("ethtool", ["-K", "eth0", ...features]);
}

/**
 * Captures what arrives at or leaves the node's `eth0` while `body` runs. Returns the path of the file. What was on the wire
 * in the last moment may be missing: a body that needs it waits until it stands in the file, whose path it is given.
 */
export async function capture(
  lab: Lab,
  node: LabNode,
  filter: string,
  body: (path: string) => Promise<void>,
): Promise<string> {
  const running = await startCapture(lab, node, filter);
  await body(running.path);
  return running.stop();
}

export interface Capture {
  readonly path: string;
  /**
   * Ends it, and returns the path of the file.
   *
   * @param last bytes of a frame that was sent last: waits until it is in the file, so that all before it are
   */
  stop(last?: Buffer): Promise<string>;
}

/** Captures from now on; an empty filter takes everything. */
export async function startCapture(lab: Lab, node: LabNode, filter: string): Promise<Capture> {
  const path = join(lab.directory, `capture-${node.netns}-${Date.now()}.pcap`);
  const how = ["-i", "eth0", "-U", "--immediate-mode", "-Z", "root", "-B", "65536", "-w", path];
  const tcpdump = await node.spawn("tcpdump", [...how, filter]);
  await waitFor("tcpdump to listen", () => tcpdump.log().includes("listening on"));
  return {
    path,
    async stop(last) {
      if (last) await waitFor("the last frame to be captured", () => readFileSync(path).includes(last));
      tcpdump.signal("SIGINT");
      await tcpdump.exited;
      if (!/^0 packets dropped by kernel/m.test(tcpdump.log())) throw new Error(`a hole: ${tcpdump.log()}`);
      return path;
    },
  };
}

/** One captured packet as tshark decodes it; a field that occurs several times (outer, inner) has several values. */
export type Decoded<F extends string> = Readonly<Record<F, readonly string[]>>;

/** What the ends of a TCP connection do (a full window, a retransmission) is not what the packets look like. */
const PREFERENCES = [
  ...["ip", "udp", "tcp"].map((protocol) => `${protocol}.check_checksum:TRUE`),
  "tcp.analyze_sequence_numbers:FALSE",
].flatMap((preference) => ["-o", preference]);

/**
 * Decodes a capture with tshark, all checksums verified. What TCP carries on `dataPort` is random: without being told,
 * tshark would now and then take it for some protocol, and complain about that.
 */
export async function decode<F extends string>(
  node: LabNode,
  path: string,
  dataPort: number,
  fields: readonly F[],
): Promise<Decoded<F>[]> {
  const wanted = fields.flatMap((field) => ["-e", field]);
  const { stdout } = await node.run(
    "tshark",
    ["-n", "-r", path, ...PREFERENCES, "-d", `tcp.port==${dataPort},data`, "-T", "json", ...wanted],
    {
      timeoutMs: 120_000,
    },
  );
  const packets = JSON.parse(stdout) as { _source: { layers: Partial<Record<F, string[]>> } }[];
  return packets.map(({ _source: { layers } }) => {
    const decoded = {} as Record<F, readonly string[]>;
    for (const field of fields) decoded[field] = layers[field] ?? [];
    return decoded;
  });
}
