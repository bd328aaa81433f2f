import { type AgentOptions, type ControlOptions, createLab, type Lab } from "./lab.ts";
import type { LabOptions } from "./plan.ts";
import type { LabPod } from "./pod.ts";

export interface MeshOptions extends LabOptions {
  /** Pods on each host, named `pod-1`, `pod-2`, …; default 1. */
  readonly pods?: number;
  readonly control?: ControlOptions;
  /** For the agents of single hosts, by number from 1. */
  readonly agents?: Readonly<Record<number, AgentOptions>>;
}

export interface Mesh {
  readonly lab: Lab;
  /** In the order of the hosts. */
  readonly pods: readonly LabPod[];
  /** Pod by host and number, both from 1. */
  pod(host: number, number?: number): LabPod;
}

/** Pools of a dual-stack cluster. */
export const DUAL_STACK = ["--pod-cidr", "10.244.0.0/16", "--pod-cidr", "fd00:77::/48"] as const;

/** A lab with control plane, an agent on each host, and pods: everybody knows everybody. On an error nothing is left. */
export async function createMesh(options: MeshOptions): Promise<Mesh> {
  const { pods: podsPerHost = 1, control, agents = {}, ...labOptions } = options;
  const lab = await createLab(labOptions);
  try {
    await lab.startControl(control);
    const numbers = lab.hosts.map((_, index) => index + 1);
    for (const number of numbers) await lab.startAgent(number, agents[number]);
    const pods: LabPod[] = [];
    for (const number of numbers)
      for (let index = 1; index <= podsPerHost; index++) pods.push(await lab.addPod(number, `pod-${index}`));
    await lab.meshReady();
    return { lab, pods, pod: (host, number = 1) => pods[(host - 1) * podsPerHost + number - 1]! };
  } catch (thrown) {
    await lab.remove();
    throw thrown;
  }
}
