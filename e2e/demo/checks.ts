/** What the demo proves, one function each. A check writes what it found to the result and returns its line. */
import type { AgentIpam } from "@warren/common/api/types.ts";
import type { Lab } from "../lab/lab.ts";
import { mapLimit } from "../lab/map-limit.ts";
import { ping, tcpThroughput } from "../lab/measure.ts";
import { type LabPod, podProgram } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import { summariseRtt } from "./matrix.ts";
import type { Step } from "./progress.ts";
import type { DemoResult } from "./result.ts";

export interface CheckContext {
  readonly lab: Lab;
  readonly pods: readonly LabPod[];
  readonly result: DemoResult;
  readonly signal: AbortSignal;
  readonly step: Step;
}

const WHOAMI_PORT = 8080;
const IPERF_PORT = 5201;
/** A ping sleeps most of its time; many more would measure how they wait for each other. */
const PARALLEL_PINGS = 8;

/** Every pod pings every other pod, at every address it has. */
export async function pingMatrix({ pods, result, signal, step }: CheckContext): Promise<string> {
  const pairs = pods.flatMap((from) =>
    pods.filter((to) => to !== from).flatMap((to) => to.addresses.map((address) => ({ from, to, address }))),
  );
  const count = pairs.length > 500 ? 1 : 3;
  let reached = 0;
  result.pings = await mapLimit(pairs, PARALLEL_PINGS, async ({ from, to, address }) => {
    const { output: _, ...numbers } = await ping(from.netns, address, { count, signal });
    if (numbers.received === numbers.sent && numbers.sent > 0) reached += 1;
    else
      result.failures.push(
        `${from.label} got ${numbers.received} of ${count} pings back from ${to.label} (${address})`,
      );
    step.update(`pods ping each other: ${reached} of ${pairs.length}`);
    return { from: from.label, to: to.label, address, ...numbers };
  });
  return `pod → pod: ${reached} of ${pairs.length} pairs, round trip ${summariseRtt(result.pings)}`;
}

/** A TCP server in a pod must see the clients' own pod addresses. */
export async function noNat({ lab, pods, result, signal, step }: CheckContext): Promise<string> {
  const server = pods[0]!;
  await startServer(server, process.execPath, [podProgram("tcp-whoami-server.mjs"), String(WHOAMI_PORT)], "listening");
  const clients = lab.hosts.slice(1).map((_, index) => pods.find((pod) => pod.hostNumber === index + 2)!);
  for (const client of clients)
    for (const address of server.addresses) {
      step.update(`no NAT: ${client.label} connects to ${server.label}`);
      const { stdout } = await client.run(
        process.execPath,
        [podProgram("tcp-whoami-client.mjs"), address, String(WHOAMI_PORT)],
        { signal },
      );
      const { own, seenAs } = JSON.parse(stdout) as { own: string; seenAs: string };
      result.addressesSeen.push({ client: client.label, server: server.label, own, seenAs });
      if (!client.addresses.includes(seenAs))
        result.failures.push(`${server.label} saw ${client.label} at ${seenAs}, which is not its pod address ${own}`);
    }
  const first = result.addressesSeen[0]!;
  return `no NAT: a TCP server in ${server.label} sees ${first.client} as ${first.seenAs}, its own pod address`;
}

/** Each node pings a pod of the next node, from its own address in its pod CIDR. */
export async function nodeToPod({ lab, pods, result, signal, step }: CheckContext): Promise<string> {
  const numbers = lab.hosts.map((_, index) => index + 1);
  let reached = 0;
  for (const number of numbers) {
    const name = lab.host(number).netns;
    const remote = pods.find((pod) => pod.hostNumber === (number % numbers.length) + 1)!;
    step.update(`node → pod: ${name} pings ${remote.label}`);
    const { rttMs } = await ping(name, remote.address(), { count: 3, signal });
    result.nodeToPod.push({ node: name, pod: remote.label, reached: rttMs !== null, rttMs: rttMs?.avg ?? null });
    if (rttMs) reached += 1;
    else result.failures.push(`node ${name} could not reach ${remote.label} (${remote.address()})`);
  }
  const { leases } = await lab.agent(1).get<AgentIpam>("/v1/ipam");
  const own = `${lab.host(1).netns}: ${leases[0]?.nodeAddress}`;
  return `node → remote pod: ${reached} of ${numbers.length}, each from its own overlay address (${own})`;
}

/** One TCP stream between pods of two nodes. */
export async function throughput({ pods, result, signal, step }: CheckContext): Promise<string> {
  const server = pods[0]!;
  const client = pods.find((pod) => pod.hostNumber === 2)!;
  step.update(`TCP throughput: ${client.label} → ${server.label}, 3 s`);
  await startServer(server, "iperf3", ["-s", "-p", String(IPERF_PORT), "--forceflush"], "listening on");
  const measured = await tcpThroughput(client.netns, server.address(), IPERF_PORT, { seconds: 3, signal });
  result.throughput = { from: client.label, to: server.label, ...measured };
  const how = result.cipher === "none" ? "plain VXLAN" : `sealed with ${result.cipher}`;
  return `TCP ${client.label} → ${server.label}: ${measured.gbitPerSecond.toFixed(2)} Gbit/s, one stream, ${how}`;
}

/** Starts a program in the pod; resolves when it says that it listens. */
async function startServer(pod: LabPod, program: string, args: readonly string[], says: string): Promise<void> {
  const server = await pod.spawn(program, args);
  await waitFor(`${program} in ${pod.label} to listen`, () => server.log().includes(says), { timeoutMs: 10_000 });
}
