import { availableParallelism } from "node:os";
import type { AgentStatus } from "@warren/common/api/types.ts";
import { createLab, type Lab } from "../lab/lab.ts";
import { mapLimit } from "../lab/map-limit.ts";
import type { LabPod } from "../lab/pod.ts";
import type { DemoFlags } from "./flags.ts";
import type { Progress } from "./progress.ts";
import type { DemoResult } from "./result.ts";

/** Underlay. The owner of the lab must `remove` it, whatever happens afterwards. */
export async function buildUnderlay(flags: DemoFlags, progress: Progress, signal: AbortSignal): Promise<Lab> {
  let lab: Lab | undefined;
  await progress.step("building an underlay from network namespaces", async () => {
    lab = await createLab({ name: flags.name, nodes: flags.nodes, signal });
    return `underlay: a switch, a control plane host and ${plural(flags.nodes, "host")} as network namespaces`;
  });
  return lab!;
}

/** Control plane, agents and pods. Resolves when every node knows every other one. */
export async function bringUp(
  lab: Lab,
  flags: DemoFlags,
  progress: Progress,
  result: DemoResult,
  signal: AbortSignal,
): Promise<LabPod[]> {
  const { cipher } = flags;
  result.cipher = cipher;
  await progress.step("warren control: starting", async () => {
    const flags = cipher === "none" ? [] : ["--cipher", cipher];
    await lab.startControl({ flags }, signal);
    const sealed = cipher === "none" ? "" : `, sealing with ${cipher}`;
    return `warren control is ready at ${lab.control.underlay}:7443${sealed}`;
  });

  const numbers = lab.hosts.map((_, index) => index + 1);
  await mapLimit(numbers, flags.nodes > 4 ? availableParallelism() : 1, async (number) => {
    const started = performance.now();
    await progress.step(`warren agent: ${lab.host(number).netns} joins`, async () => {
      const agent = await lab.startAgent(number, {}, signal);
      const { node } = await agent.get<AgentStatus>("/v1/status");
      const joinSeconds = (performance.now() - started) / 1000;
      result.nodes.push({ name: node.name, underlay: node.underlayAddress, podCidrs: node.podCidrs, joinSeconds });
      return `${node.name} joined from ${node.underlayAddress}: pod CIDR ${node.podCidrs.join(", ")}`;
    });
  });
  result.nodes.sort((a, b) => a.underlay.localeCompare(b.underlay, undefined, { numeric: true }));

  const pods: LabPod[] = [];
  await progress.step("warren pod add", async (step) => {
    for (const number of numbers)
      for (let index = 1; index <= flags.pods; index++) {
        signal.throwIfAborted();
        const pod = await lab.addPod(number, `pod-${index}`);
        pods.push(pod);
        result.pods.push({ name: pod.name, node: lab.host(number).netns, addresses: pod.addresses });
        step.update(`warren pod add: ${pod.label} has ${pod.addresses.join(", ")}`);
      }
    return `${plural(pods.length, "pod")}: ${listSome(pods.map((pod) => `${pod.label} ${pod.address()}`))}`;
  });

  await progress.step("every node learns of every other one", async () => {
    await lab.meshReady(30_000, signal);
    return "every node knows every other one";
  });
  return pods;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function listSome(items: readonly string[], most = 2): string {
  return items.length <= most ? items.join(", ") : `${items.slice(0, most).join(", ")}, …`;
}
