import type {
  CaptureResult,
  CaptureTask,
  DescribeResult,
  ListenTask,
  ProbeAnswer,
  ProbePlace,
  ProbeTarget,
  SendTask,
  Task,
  TaskResults,
  TestPod,
} from "@warren/common/api/ask.ts";
import type { AgentStatus, ClusterInfo, NodeInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshAsk } from "../mesh-ask.ts";
import { AutoClock } from "./auto-clock.ts";

/** One probe on its way, for a test to say what becomes of it. */
export interface Flight {
  readonly from: string;
  readonly to: string;
  readonly fromPlace: ProbePlace["kind"];
  readonly toPlace: ProbePlace["kind"];
  readonly target: ProbeTarget;
}

interface Listening {
  readonly node: string;
  readonly place: ProbePlace;
  readonly addresses: readonly string[];
  readonly session: string;
  readonly port: number;
  readonly untilMs: number;
}

/** A fake node: what it says of itself can be changed before or during a test. */
export class FakeNode {
  readonly info: NodeInfo;
  pods: TestPod[] = [];
  overlayMtu = 1450;
  clockAheadMs = 0;
  status: Partial<AgentStatus> = {};
  netmap: Partial<AgentStatus["netmap"]> = {};
  /** What it answers instead of doing a task. */
  error: WarrenError | null = null;
  addresses: readonly string[];

  constructor(number: number, podCount: number) {
    const name = `node${number}`;
    this.info = {
      id: `id-${number}`,
      name,
      underlayAddress: `192.0.2.${10 + number}`,
      port: 4789,
      vtepMac: "02:00:00:00:00:01",
      podCidrs: [`10.244.${number}.0/24`, `fd00:77:0:${number}::/64`],
      epoch: 1,
      state: "ready",
      foreign: false,
      kind: "node",
      sealing: { publicKey: "key", epoch: 1, port: 51820 },
      lastSeen: null,
    };
    this.addresses = [`10.244.${number}.1`, `fd00:77:0:${number}::1`];
    for (let pod = 1; pod <= podCount; pod++) this.addPod(`pod-${pod}`);
  }

  addPod(name: string): TestPod {
    const number = Number(this.info.name.slice(4));
    const host = this.pods.length + 2;
    const addresses = [`10.244.${number}.${host}`, `fd00:77:0:${number}::${host}`];
    const pod = { namespace: "default", name, addresses };
    this.pods.push(pod);
    return pod;
  }
}

/** A mesh in memory that does tasks as nodes do, and what a test tells it to do otherwise. */
export class FakeMesh implements MeshAsk {
  readonly clock = new AutoClock();
  asker: string | null = null;
  cluster: ClusterInfo = {
    id: "cluster",
    podCidrs: ["10.244.0.0/16", "fd00:77::/48"],
    vni: 4096,
    port: 4789,
    sealedPort: 51820,
    cipher: "aes-256-gcm",
    encapsulation: "always",
  };
  readonly fakes: FakeNode[];
  readonly foreign: NodeInfo[] = [];
  /** What becomes of a probe, other than its being answered as it should be. */
  fate: (flight: Flight) => Partial<ProbeAnswer> | undefined = () => undefined;
  /** What a capture sees of a peer, other than what was sent. */
  sight: (node: string, peer: string, seen: CaptureResult["peers"][number]) => CaptureResult["peers"][number] = (
    ...[, , seen]
  ) => seen;
  /** What a node throws instead of doing a task. */
  refuse: (node: string, task: Task) => WarrenError | undefined = () => undefined;
  /** Every task in the order asked. */
  readonly asked: { node: string; task: Task }[] = [];
  /** The most tasks that were under way at once. */
  mostAtOnce = 0;
  #underWay = 0;
  readonly #listening: Listening[] = [];
  readonly #sent: { session: string; from: string; to: string; atMs: number }[] = [];

  constructor(nodes: number, podsPerNode = 1) {
    this.fakes = Array.from({ length: nodes }, (_, index) => new FakeNode(index + 1, podsPerNode));
  }

  get nodes(): readonly NodeInfo[] {
    return [...this.fakes.map(({ info }) => info), ...this.foreign];
  }

  node(name: string): FakeNode {
    const found = this.fakes.find(({ info }) => info.name === name);
    if (found) return found;
    throw new WarrenError("not-found", `no node ${name}`);
  }

  /** Changes what is known of a node. */
  change(name: string, change: Partial<NodeInfo>): void {
    Object.assign(this.node(name).info, change);
  }

  async ask<T extends Task>(node: string, task: T, signal: AbortSignal): Promise<TaskResults[T["do"]]> {
    signal.throwIfAborted();
    this.asked.push({ node, task });
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay);
    try {
      const fake = this.node(node);
      const error = fake.error ?? this.refuse(node, task);
      if (error) throw error;
      // Every question takes a while.
      await this.#wait(1);
      return (await this.#doTask(fake, task)) as TaskResults[T["do"]];
    } finally {
      this.#underWay--;
    }
  }

  #doTask(fake: FakeNode, task: Task): unknown {
    switch (task.do) {
      case "describe":
        return this.#describe(fake);
      case "listen":
        return this.#listen(fake, task);
      case "send":
        return this.#send(fake, task);
      case "capture":
        return this.#capture(fake, task);
      case "add-pod":
        return fake.addPod(`warren-test-${fake.pods.length}`);
      case "delete-pod":
        fake.pods = fake.pods.filter(({ name }) => name !== task.name);
        return {};
    }
  }

  #describe(fake: FakeNode): DescribeResult {
    const status: AgentStatus = {
      role: "agent",
      version: "0.1.0",
      ready: true,
      node: fake.info,
      cluster: this.cluster,
      control: { address: "192.0.2.1:7443", connected: true, error: null },
      netmap: { revision: 17, asOf: "2026-01-01T00:00:00Z", ageSeconds: 1, source: "control", ...fake.netmap },
      certificateExpires: "2026-02-02T00:00:00Z",
      dataplane: {
        kind: "tun",
        tun: "warren0",
        overlayMtu: fake.overlayMtu,
        underlayMtu: fake.overlayMtu + 50,
        offloads: {},
        ...{ txPackets: 0, txBytes: 0, rxPackets: 0, rxBytes: 0, drops: {}, syscalls: {} },
      },
      pods: fake.pods.length,
      warnings: [],
      uptimeSeconds: 60,
      ...fake.status,
    };
    const { pods, addresses } = fake;
    return { status, pods: [...pods], addresses, nowMs: this.clock.nowMs() + fake.clockAheadMs };
  }

  #listen(fake: FakeNode, { session, places, seconds }: ListenTask) {
    const untilMs = this.clock.monotonicMs() + seconds * 1000;
    const listeners = places.map((place) => {
      const addresses = this.#addressesOf(fake, place);
      if (addresses === undefined) return { addresses: [], port: 0, error: "no such pod" };
      const port = 40_000 + this.#listening.length;
      this.#listening.push({ node: fake.info.name, place, addresses, session, port, untilMs });
      return { addresses, port };
    });
    return { listeners };
  }

  async #send(fake: FakeNode, task: SendTask) {
    const own = this.#addressesOf(fake, task.from);
    if (own === undefined) throw new WarrenError("not-found", "no such pod");
    const answers = task.targets.map((target) => this.#answer(fake, own, task, target));
    if (answers.some(({ outcome }) => outcome === "lost")) await this.#wait(task.timeoutMs);
    return { answers };
  }

  #answer(fake: FakeNode, own: readonly string[], task: SendTask, target: ProbeTarget): ProbeAnswer {
    const sentFrom = own.find((address) => address.includes(":") === target.address.includes(":")) ?? null;
    const lost: ProbeAnswer = { outcome: "lost", rttMs: null, tries: task.tries ?? 3, seenAs: null, sentFrom };
    if ((target.sendBytes ?? 0) > fake.overlayMtu) return { ...lost, outcome: "too-long", tries: 1 };
    const now = this.clock.monotonicMs();
    const listener = this.#listening.find(
      (each) => each.session === task.session && each.port === target.port && each.untilMs > now,
    );
    if (!listener?.addresses.includes(target.address)) return lost;
    const [from, to] = [fake.info.name, listener.node];
    this.#sent.push({ session: task.session, from, to, atMs: now });
    if ((target.answerBytes ?? 0) > this.node(to).overlayMtu)
      return { ...lost, outcome: "failed", error: "the answer was too long for the other side to send" };
    const fate = this.fate({ from, to, fromPlace: task.from.kind, toPlace: listener.place.kind, target });
    if (fate?.outcome === "lost") return { ...lost, ...fate };
    return { outcome: "answered", rttMs: 0.25, tries: 1, seenAs: sentFrom, sentFrom, ...fate };
  }

  async #capture(fake: FakeNode, { session, peers, seconds }: CaptureTask): Promise<CaptureResult> {
    const startMs = this.clock.monotonicMs();
    await this.#wait(seconds * 1000);
    const isSealed = this.cluster.cipher !== "none";
    const isDirect = this.cluster.encapsulation !== "always";
    return {
      interface: "eth0",
      peers: peers.map((address) => {
        const peer = this.fakes.find(({ info }) => info.underlayAddress === address)!.info.name;
        const passed = this.#sent.filter(
          (each) => each.session === session && each.to === peer && each.atMs >= startMs,
        );
        const packets = 2 * passed.length;
        return this.sight(fake.info.name, peer, {
          address,
          vxlan: isSealed || isDirect ? 0 : packets,
          wireguard: isSealed ? packets : 0,
          direct: !isSealed && isDirect ? packets : 0,
          other: 0,
          readable: isSealed ? 0 : packets,
        });
      }),
    };
  }

  #addressesOf(fake: FakeNode, place: ProbePlace): readonly string[] | undefined {
    if (place.kind === "node") return fake.addresses;
    return fake.pods.find(({ namespace, name }) => namespace === place.namespace && name === place.name)?.addresses;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }
}
