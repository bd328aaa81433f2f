import { isIP } from "node:net";
import { benchMesh } from "@warren/agent/lab/mesh/bench-mesh.ts";
import { controlCipher, presentCipher } from "@warren/agent/lab/mesh/cipher-switch.ts";
import { loadsOf } from "@warren/agent/lab/mesh/loads.ts";
import { localAgent } from "@warren/agent/lab/mesh/local-agent.ts";
import { loadMeasurer } from "@warren/agent/lab/mesh/measure-load.ts";
import { PeerControl } from "@warren/agent/lab/mesh/peer-control.ts";
import { DATAGRAM_HEAD, DEFAULT_PORT } from "@warren/agent/lab/mesh/protocol.ts";
import type { AgentStatus, PeerInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { CIPHERS } from "@warren/common/net/cipher.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, integersFlag, textFlag, wordsFlag } from "../context.ts";
import { prepareOutputs } from "../lab/run-outputs.ts";
import { Progress } from "../output/progress.ts";

/** What a shell calls an end by ctrl-C. */
const INTERRUPTED = 130;
const SMALLEST_MTU = 576;
const LARGEST = 65_535;

export async function run(context: CommandContext): Promise<number> {
  const quick = context.flags["quick"] === true;
  const options = {
    ciphers: wordsFlag(context, "cipher", CIPHERS) ?? null,
    loads: loadsOf({
      mtus: integersFlag(context, "mtu", SMALLEST_MTU, LARGEST),
      streams: integersFlag(context, "streams", 1, 128),
      sizes: integersFlag(context, "size", DATAGRAM_HEAD, LARGEST),
      quick,
    }),
    repeats: integerFlag(context, "repeats", 1, 50) ?? (quick ? 3 : 7),
    seconds: integerFlag(context, "seconds", 1, 60) ?? (quick ? 1 : 2),
  };
  const port = integerFlag(context, "port", 1, LARGEST) ?? DEFAULT_PORT;
  const publish = prepareOutputs(context, "mesh");
  // Asked before all else: it knows what to say when no agent runs here.
  await call<AgentStatus>(context, "agent", "GET", "/v1/status");
  const { host, pairCipher } = await otherNode(context, context.args[0]!);
  const control = textFlag(context, "control-socket");
  const agent = localAgent(`${context.runDir}/agent.sock`);
  const progress = new Progress(context);
  const aborter = new AbortController();
  const interrupt = () => aborter.abort(new WarrenError("timeout", "interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  let peer: PeerControl | undefined;
  try {
    peer = await PeerControl.connect({ host, port }, aborter.signal);
    const { target } = peer;
    const there = peer;
    const ends = {
      host: target.host,
      here: async () => ({ ...(await agent.describe()), cipher: await pairCipher() }),
      there: () => there.ask({ do: "describe" }),
      measure: loadMeasurer(agent, peer),
      ciphers: control === undefined ? presentCipher : controlCipher(control),
    };
    const measured = await benchMesh(options, ends, progress.show, new Date().toISOString(), aborter.signal);
    progress.end();
    await publish(measured);
    return 0;
  } catch (error) {
    if (!aborter.signal.aborted || error !== aborter.signal.reason) throw error;
    progress.end();
    context.note("interrupted: nothing was kept, and the cluster has the cipher that it had");
    return INTERRUPTED;
  } finally {
    progress.end();
    peer?.close();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

interface OtherNode {
  /** Its address in the overlay. */
  readonly host: string;
  /** What packets to it are sealed with now: a pair of nodes may have another cipher than the cluster. */
  readonly pairCipher: () => Promise<string>;
}

/** A node by its name, or by an overlay address of its own. */
async function otherNode(context: CommandContext, node: string): Promise<OtherNode> {
  const peers = await call<PeerInfo[]>(context, "agent", "GET", "/v1/peers");
  const nodes = peers.filter(({ foreign }) => !foreign);
  const found = nodes.find(({ name, podCidrs }) => name === node || podCidrs.map(nodeAddress).includes(node));
  if (found?.podCidrs[0] === undefined)
    throw new WarrenError(
      "not-found",
      `"${node}" is neither the name nor the overlay address of another node; there are ${nodes.map(({ name }) => name).join(", ") || "none"}`,
    );
  const pairCipher = async () => {
    const now = await call<PeerInfo[]>(context, "agent", "GET", "/v1/peers");
    return now.find(({ id }) => id === found.id)?.cipher ?? "unknown";
  };
  if (context.flags["cipher"] !== undefined) await assertNoOwnCipher(context, found);
  return { host: isIP(node) === 0 ? nodeAddress(found.podCidrs[0]) : node, pairCipher };
}

/** A change of the cluster's cipher would not reach a pair that has its own. */
async function assertNoOwnCipher(context: CommandContext, { name, cipher }: PeerInfo): Promise<void> {
  const { cluster } = await call<AgentStatus>(context, "agent", "GET", "/v1/status");
  if (cluster.cipher === cipher) return;
  throw new WarrenError(
    "usage",
    `this node and ${name} have a cipher of their own, ${cipher}; measure without --cipher, or let them have the cluster's: warren peers set ${name} cipher=default`,
  );
}
