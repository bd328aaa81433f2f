import type { Task } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { CIPHERS, SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { changeCluster } from "@warren/control/mesh/cluster-change.ts";
import { addForeignPeer, removeForeignPeer } from "@warren/control/mesh/foreign-peers.ts";
import { revokeNode } from "@warren/control/mesh/removal.ts";
import { addReservation, removeReservation } from "@warren/control/mesh/reservations.ts";
import { statusOf } from "./convergence.ts";
import type { SimMesh } from "./sim-mesh.ts";
import type { SimNode } from "./sim-node.ts";

const RESTART_MS = 2_000;
/** Pod CIDRs of the pool that may be kept from nodes. */
const BLOCKS = 16;
const REFUSALS: ReadonlySet<string> = new Set(["already-exists", "not-found", "node-name-taken", "setting-conflict"]);
const PODS = ["web", "db", "cache"];

const SESSION = "00112233445566778899aabbccddeeff";
/** What is asked of nodes; a pod of it is gone before a life is judged. */
const TASKS: readonly Task[] = [
  { do: "describe" },
  { do: "add-pod", seconds: 20 },
  { do: "listen", session: SESSION, places: [{ kind: "node" }], seconds: 20 },
  {
    ...{ do: "send", session: SESSION, from: { kind: "node" }, timeoutMs: 10_000 },
    targets: [{ address: "10.244.3.1", port: 32_768 }],
  },
  { do: "capture", session: SESSION, peers: ["192.0.2.1", "192.0.2.2"], seconds: 5 },
];

/** What may happen to a mesh. */
export const DEEDS = [
  "start",
  "crash",
  "stop",
  "leave",
  "release",
  "revoke",
  "add-pod",
  "delete-pod",
  "cut-control",
  "heal-control",
  "cut-path",
  "heal-path",
  "step-clock",
  "crash-control",
  "start-control",
  "step-control-clock",
  "compact",
  "add-foreign",
  "remove-foreign",
  "reserve",
  "unreserve",
  "change-cipher",
  "pair-cipher",
  "rotate-keys",
  "look",
  "ask",
] as const;

export type Deed = (typeof DEEDS)[number];

/**
 * Does things to machines at random, as people, failures and service managers do: nothing is waited for, so that the
 * next thing meets the last one half done. Errors that a user would have to expect are dealt with as a user would.
 */
export class Operator {
  readonly #mesh: SimMesh;
  readonly #machines: readonly SimNode[];
  /** Should run: the service manager starts it again when it fails. */
  readonly #wanted = new Set<SimNode>();
  /** A command is under way. */
  readonly #busy = new Set<SimNode>();
  readonly #stopping = new Set<SimNode>();
  #isRepairing = false;
  readonly revoked = new Set<SimNode>();
  /** What nobody should ever see. */
  readonly surprises: unknown[] = [];

  constructor(mesh: SimMesh, machines: readonly SimNode[]) {
    this.#mesh = mesh;
    this.#machines = machines;
  }

  /** @param index of the machine it happens to @param percent 0 to 99, for what has a size */
  async do(deed: Deed, index: number, percent: number): Promise<void> {
    const node = this.#machines[index % this.#machines.length]!;
    const other = this.#machines[(index + 1) % this.#machines.length]!;
    const { control, rpc } = this.#mesh;
    const stepMs = (percent - 50) * 3_600_000;
    const podName = PODS[percent % PODS.length]!;
    switch (deed) {
      case "start":
        return this.#start(node);
      case "crash":
        this.#wanted.delete(node);
        this.#busy.delete(node);
        this.#stopping.delete(node);
        return node.crash();
      case "stop":
        this.#wanted.delete(node);
        return this.#stop(node);
      case "leave":
      case "release":
        return this.#act(node, async () => {
          for (const pod of node.agent.listPods()) await node.agent.deletePod(pod.namespace, pod.name);
          await node.leave(deed === "release");
          this.#wanted.delete(node);
        });
      case "revoke":
        // Once in a while, or nobody is left.
        return percent < 30 && control.isUp ? this.#revoke(node) : undefined;
      case "add-pod":
        return this.#act(node, () => node.addPod(podName));
      case "delete-pod":
        return this.#act(node, () => node.agent.deletePod("default", podName));
      case "cut-control":
        return rpc.cut(node.name);
      case "heal-control":
        return rpc.heal(node.name);
      case "cut-path":
        return this.#mesh.cut(node, other);
      case "heal-path":
        return this.#mesh.heal(node, other);
      case "step-clock":
        node.wall.aheadMs += stepMs;
        return;
      case "step-control-clock":
        control.wall.aheadMs += stepMs;
        return;
      case "crash-control":
        return control.crash();
      case "start-control":
        return control.isUp ? undefined : control.start();
      case "compact":
        return control.isUp ? control.store.compact(this.#mesh.core.context.view.revision) : undefined;
      case "add-foreign":
      case "remove-foreign":
      case "reserve":
      case "unreserve":
      case "change-cipher":
        return control.isUp ? this.#administer(deed, percent) : undefined;
      case "pair-cipher":
        return this.#act(node, () =>
          node.agent.setPeerCipher(other.name, percent < 30 ? "" : SEALING_CIPHERS[percent % 2]!),
        );
      case "rotate-keys":
        return this.#act(node, () => node.agent.rotateKeys({ now: percent < 30 }));
      case "look":
        // Nodes report for ten seconds, whatever happens to them meanwhile.
        return control.isUp ? this.#mesh.core.context.live.look() : undefined;
      case "ask":
        return this.#ask(node, percent < 20 ? node : other, percent);
    }
  }

  /** Heals what is broken, starts what may run, and gives up leases that are lost. */
  async repair(): Promise<void> {
    this.#isRepairing = true;
    this.#mesh.healAll();
    this.#mesh.control.wall.aheadMs = 0;
    if (!this.#mesh.control.isUp) await this.#mesh.control.start();
    for (const node of this.#machines) node.wall.aheadMs = 0;
    // With less than the whole pool there may not be a pod CIDR for each.
    for (let percent = 0; percent < BLOCKS; percent++) {
      await this.#administer("remove-foreign", percent);
      await this.#administer("unreserve", percent);
    }
    for (const node of this.#machines) {
      if (!this.revoked.has(node)) this.#start(node);
    }
  }

  /** A node that is fenced although it is not revoked needs its operator: its pods get new addresses. */
  async releaseFenced(): Promise<void> {
    for (const node of this.#machines) {
      const warning = node.isUp ? statusOf(node)?.warnings[0] : undefined;
      if (!warning?.includes("went to another node")) continue;
      await this.#mesh.time.complete(`${node.name} stops`, node.stop());
      this.#start(node, true);
    }
  }

  #start(node: SimNode, acceptNewLease = false): void {
    this.#wanted.add(node);
    if (node.isUp || this.revoked.has(node)) return;
    node.start({ acceptNewLease }).catch((error: unknown) => {
      const { code, retryable } = WarrenError.from(error);
      // A stop in the middle of a start ends it with the abort's reason.
      if (!this.#wanted.has(node) || code === "node-revoked") return;
      if (!retryable && code !== "lease-lost") this.surprises.push(error);
      this.#mesh.time.after(RESTART_MS, () => {
        if (this.#wanted.has(node)) this.#start(node, acceptNewLease || code === "lease-lost");
      });
    });
  }

  /** What an administrator does with the cluster, and may be refused. */
  async #administer(
    deed: "add-foreign" | "remove-foreign" | "reserve" | "unreserve" | "change-cipher",
    percent: number,
  ): Promise<void> {
    const { context } = this.#mesh.core;
    const block = percent % BLOCKS;
    const cidr = `10.244.${block}.0/24`;
    const name = `foreign${block}`;
    try {
      if (deed === "change-cipher") await changeCluster(context, { cipher: CIPHERS[percent % CIPHERS.length]! });
      else if (deed === "reserve") await addReservation(context, cidr, "");
      else if (deed === "unreserve") await removeReservation(context, cidr);
      else if (deed === "remove-foreign") await removeForeignPeer(context, name);
      else {
        const peer = { underlayAddress: `198.51.100.${block}`, vtepMac: "02:00:5e:10:00:01", podCidrs: [cidr] };
        await addForeignPeer(context, { name, ...peer });
      }
    } catch (error) {
      if (!REFUSALS.has(WarrenError.from(error).code)) this.surprises.push(error);
    }
  }

  /** May come in the middle of a start, or of a command. Afterwards nothing of the agent may be left but its files. */
  #stop(node: SimNode): void {
    if (!node.isUp || this.#stopping.has(node)) return;
    this.#stopping.add(node);
    node
      .stop()
      .then(() => {
        // Who gave the command may have started the next one.
        if (node.isUp) return;
        if (node.pendingTimers > 0) this.surprises.push(new Error(`${node.name} left timers behind`));
        if (node.plane !== null) this.surprises.push(new Error(`${node.name} left its packet path open`));
      })
      .catch((error: unknown) => this.surprises.push(error))
      .finally(() => {
        this.#stopping.delete(node);
        this.#startAgain(node);
      });
  }

  async #revoke(node: SimNode): Promise<void> {
    try {
      await revokeNode(this.#mesh.core.context, node.name);
      this.revoked.add(node);
      this.#wanted.delete(node);
    } catch (error) {
      if (WarrenError.from(error).code !== "not-found") this.surprises.push(error);
    }
  }

  /** One command at a time on a machine, and only where an agent answers. */
  #act(node: SimNode, command: () => Promise<unknown>): void {
    if (!statusOf(node)?.ready || this.#busy.has(node)) return;
    this.#busy.add(node);
    command()
      .catch((error: unknown) => {
        const { code } = WarrenError.from(error);
        if (!EXPECTED.has(code)) this.surprises.push(error);
      })
      .finally(() => {
        this.#busy.delete(node);
        this.#startAgain(node);
      });
  }

  /** A part of a self-test; any number at a time, and nobody waits for it. */
  #ask(node: SimNode, other: SimNode, percent: number): void {
    if (!node.isUp) return;
    const task = TASKS[percent % TASKS.length]!;
    node.agent.ask({ node: other.name, task }, new AbortController().signal).catch((error: unknown) => {
      const { code } = WarrenError.from(error);
      if (!EXPECTED.has(code) && code !== "busy" && code !== "timeout") this.surprises.push(error);
    });
  }

  /** After what was under way when the repair began. */
  #startAgain(node: SimNode): void {
    if (this.#isRepairing) this.#start(node);
  }
}

/** What a user who gives a command to a node must expect to hear. */
const EXPECTED: ReadonlySet<string> = new Set([
  "unavailable",
  "pod-exists",
  "pods-present",
  "not-found",
  "not-ready",
  "lease-lost",
  "node-revoked",
  // A cipher of a pair in a cluster that is plain.
  "setting-conflict",
]);
