import { type AskRequest, MAX_OPEN_TASKS } from "@warren/common/api/ask.ts";
import { parseTaskResult } from "@warren/common/api/task-result.ts";
import type { PodInfo, PodRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import type { MeshSession } from "../control-client/mesh-session.ts";
import { watchTasks } from "../control-client/task-watch.ts";
import { type AgentView, agentStatus } from "../observe/agent-status.ts";
import { type NodeFacts, NodeTasks } from "../probe/node-tasks.ts";
import { checkAskRequest } from "../probe/task-shapes.ts";
import { TestPods } from "../probe/test-pods.ts";
import type { AgentWorld } from "./agent-deps.ts";

export interface AgentTasksOptions {
  /** Name of this node. */
  readonly node: string;
  readonly world: AgentWorld;
  readonly session: Pick<MeshSession, "client">;
  /** Interface of the underlay address. */
  readonly underlay: () => string;
  readonly view: () => AgentView;
  readonly pods: {
    addPod(request: PodRequest): Promise<PodInfo>;
    deletePod(namespace: string, name: string): Promise<PodInfo>;
    listPods(): PodInfo[];
  };
}

const TOLD_EVERY_MS = 60_000;

/** What this node has others do in self-tests, and what they have it do. */
export class AgentTasks {
  readonly #options: AgentTasksOptions;
  readonly #tasks: NodeTasks;
  readonly #testPods: TestPods;
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  /** Questions to other nodes: more would keep the heartbeats waiting, which share the connection. */
  #asked = 0;
  /** When the log had who asks this node, by name: names are those of nodes. */
  readonly #toldMs = new Map<string, number>();

  constructor(options: AgentTasksOptions) {
    const { world, pods, view, underlay } = options;
    const { clock, logger } = world;
    this.#options = options;
    this.#testPods = new TestPods({
      ...{ clock, logger },
      pods: {
        add: (request) => pods.addPod(request),
        delete: (namespace, name) => pods.deletePod(namespace, name),
        list: () => pods.listPods(),
      },
    });
    this.#tasks = new NodeTasks({
      ...{ clock, testPods: this.#testPods, network: world.probeNetwork },
      facts: () => factsOf(view(), underlay()),
    });
  }

  /** Takes away what is left of the tests of an earlier agent, and begins to take tasks. */
  async start(): Promise<void> {
    const { world, session } = this.#options;
    const { clock, random, logger } = world;
    await this.#testPods.sweep();
    const options = {
      ...{ clock, random, logger, client: () => session.client },
      do: (task: unknown, from: string) => {
        this.#logTask(task, from);
        return this.#tasks.do(task);
      },
    };
    this.#watching = watchTasks(options, this.#stop.signal);
  }

  /** Takes the pods of self-tests away, whose time would come anyway. */
  deletePods(): Promise<void> {
    return this.#testPods.sweep();
  }

  async stop(): Promise<void> {
    // What is under way ends with it.
    this.#stop.abort(new WarrenError("not-ready", "this agent is being stopped"));
    await this.#watching;
    await this.#tasks.close();
  }

  /**
   * Has a node do a task. This node does its own without the control plane.
   * @throws `usage`, `busy`, `unavailable`, what the control plane and that node throw
   */
  async ask(value: unknown, signal: AbortSignal): Promise<unknown> {
    const { node, task } = checkAskRequest(value);
    if (node === this.#options.node) return this.#tasks.do(task, signal);
    if (this.#asked >= MAX_OPEN_TASKS)
      throw new WarrenError("busy", `${this.#asked} questions wait for their answer; ask the next after one of these`);
    this.#asked += 1;
    try {
      return await this.#askOther({ node, task }, signal);
    } finally {
      this.#asked -= 1;
    }
  }

  /** A test has tens of tasks, and whoever asks for thousands is not to fill the disk. */
  #logTask(task: unknown, from: string): void {
    const { clock, logger } = this.#options.world;
    const asker = from === "" ? "the operator of the control plane" : from;
    const nowMs = clock.monotonicMs();
    const isNew = nowMs - (this.#toldMs.get(asker) ?? -Infinity) >= TOLD_EVERY_MS;
    if (isNew) this.#toldMs.set(asker, nowMs);
    const what = { asker, task: nameOf(task) };
    if (isNew) logger.info(what, "does parts of a self-test; each of them is logged at level debug");
    else logger.debug(what, "does a part of a self-test");
  }

  async #askOther({ node, task }: AskRequest, signal: AbortSignal): Promise<unknown> {
    const request = { node_name: node, task_json: JSON.stringify(task) };
    const { result_json } = await this.#options.session.client.askNode(
      request,
      AbortSignal.any([signal, this.#stop.signal]),
    );
    return parseTaskResult(result_json, node);
  }
}

function factsOf(view: AgentView, underlay: string): NodeFacts {
  const { lease, knowledge, pods } = view;
  const { cluster, self } = lease;
  const others = [...(knowledge?.netmap.nodes.values() ?? [])].filter((node) => node.id !== self.id);
  const all = [self, ...others];
  return {
    ...{ status: agentStatus(view), pods, underlay, pools: cluster.pod_cidrs },
    addresses: self.pod_cidrs.map(nodeAddress),
    peers: others.map((node) => ({ address: node.underlay_address, podCidrs: node.pod_cidrs })),
    wire: {
      vni: cluster.vni,
      vxlanPorts: new Set(all.map((node) => node.port || cluster.port)),
      sealedPorts: new Set(all.map((node) => node.sealed_port || cluster.sealed_port)),
    },
  };
}

/** For the log, of what was not checked yet. */
function nameOf(task: unknown): string {
  return String((task as { do?: unknown } | null)?.do).slice(0, 32);
}
