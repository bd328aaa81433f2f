import type { NetmapUpdate, NodeMessage } from "@warren/common/rpc/messages.ts";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changeCluster } from "../mesh/cluster-change.ts";
import { addForeignPeer, removeForeignPeer } from "../mesh/foreign-peers.ts";
import { revokeNode } from "../mesh/removal.ts";
import { type HarnessNode, MeshHarness } from "../mesh/testing/mesh-harness.ts";
import { Netmap } from "./netmap.ts";

let mesh: MeshHarness;

beforeEach(async () => {
  mesh = await MeshHarness.start();
});

afterEach(() => mesh.stop());

async function joined(count: number): Promise<HarnessNode[]> {
  const nodes: HarnessNode[] = [];
  for (let i = 1; i <= count; i++) {
    const node = await mesh.node(`n${i}`, `192.0.2.${i}`);
    await node.register();
    nodes.push(node);
  }
  return nodes;
}

const ids = (update: NetmapUpdate) => (update.snapshot?.nodes ?? update.delta!.changed).map((node) => node.name).sort();

describe("netmap", () => {
  it("begins with a snapshot that has every node, the receiver among them", async () => {
    const [a] = await joined(3);
    const update = await a!.watch().soon();
    expect(ids(update)).toEqual(["n1", "n2", "n3"]);
    expect(update.snapshot!.cluster).toMatchObject({ pod_cidrs: ["10.244.0.0/16"], cipher: "none" });
  });

  it("merges what happens within one tick into one update", async () => {
    const [a] = await joined(1);
    const reader = a!.watch();
    await reader.soon();
    const next = reader.next();
    for (let i = 0; i < 20; i++) {
      await addForeignPeer(mesh.core.context, {
        name: `p${i}`,
        underlayAddress: `198.51.100.${i}`,
        vtepMac: "02:00:00:00:00:01",
        podCidrs: [`172.16.${i}.0/24`],
      });
    }
    await removeForeignPeer(mesh.core.context, "p7");
    await mesh.clock.advance(50);
    const update = await next;
    expect(update.delta!.changed).toHaveLength(19);
    expect(update.revision).toBe(mesh.core.context.netmap.revision);
  });

  it("continues from a revision it knows with what changed since, and nothing else", async () => {
    const [a, b, c] = await joined(3);
    const reader = a!.watch();
    const first = await reader.soon();
    await reader.stop();
    await b!.mesh.leave({ release: false });
    await revokeNode(mesh.core.context, "n3");
    const update = await a!.watch(first).soon();
    expect(update.snapshot).toBeUndefined();
    expect(update.delta).toEqual({ cluster: null, changed: [], removed_ids: [b!.id, c!.id] });
    expect((await a!.watch(update).soon()).delta).toEqual({ cluster: null, changed: [], removed_ids: [] });
  });

  it("tells of a change of the cluster's settings once, with nothing else, and by a snapshot from then on", async () => {
    const [a, b] = await joined(2);
    const [reader, first] = [a!.watch(), await b!.watch().soon()];
    await reader.soon();
    await changeCluster(mesh.core.context, { encapsulation: "never" });
    const update = await reader.soon();
    expect(update.delta).toMatchObject({
      cluster: { encapsulation: "never", vni: 4096 },
      changed: [],
      removed_ids: [],
    });
    // One that was away hears of it too; one that has it does not again.
    expect((await b!.watch(first).soon()).delta!.cluster).toEqual(update.delta!.cluster);
    await b!.mesh.leave({ release: false });
    expect((await reader.soon()).delta).toEqual({ cluster: null, changed: [], removed_ids: [b!.id] });
    expect((await a!.watch().soon()).snapshot!.cluster.encapsulation).toBe("never");
  });

  it("says nothing when a setting is set to what it is", async () => {
    const [a] = await joined(1);
    const first = await a!.watch().soon();
    await changeCluster(mesh.core.context, { encapsulation: "always" });
    await mesh.clock.advance(50);
    expect(mesh.core.context.netmap.revision).toBe(first.revision);
  });

  it("falls back to a snapshot for a revision from the future, from before its own start, or too long ago", async () => {
    const [a] = await joined(2);
    const first = await a!.watch().soon();
    expect((await a!.watch({ ...first, revision: first.revision + 1000 }).soon()).snapshot).toBeDefined();
    await mesh.core.context.tokens.create({});
    await mesh.restart();
    expect((await a!.watch(first).soon()).snapshot?.nodes).toHaveLength(2);
  });

  it("forgets old removals within bounds, and then gives a snapshot to who would miss them", async () => {
    const { view, clock } = mesh.core.context;
    const small = new Netmap({ view, clock, tickMs: 50, removalLimit: 2 });
    await small.start();
    const updateAfter = async (last = { revision: 0, generation: "" }) => {
      const request = { after_revision: last.revision, generation: last.generation };
      return (await small.watch(request, new AbortController().signal, () => {}).next()).value as NetmapUpdate;
    };
    const nodes = await joined(4);
    await mesh.clock.advance(50);
    const first = await updateAfter();
    for (const node of nodes) {
      await node.mesh.leave({ release: false });
      await mesh.clock.advance(50);
    }
    expect((await updateAfter(first)).snapshot?.nodes).toEqual([]);
    const { delta } = await updateAfter({ ...first, revision: small.revision - 2 });
    expect(delta?.removed_ids).toHaveLength(2);
    await small.stop();
  });

  it("does not move its revision, or wake anybody, when nothing a node must know has changed", async () => {
    const [a] = await joined(1);
    const { revision } = await a!.watch().soon();
    await mesh.core.context.tokens.create({});
    await a!.live(30_000);
    expect(mesh.core.context.netmap.revision).toBe(revision);
  });

  it("gives a slow watcher one merged update instead of a queue", async () => {
    const [a, b] = await joined(2);
    const slow = a!.watch();
    await slow.soon();
    for (let i = 0; i < 30; i++) {
      await (i % 2 === 0 ? b!.mesh.leave({ release: false }) : b!.register());
      await mesh.clock.advance(50);
    }
    const update = await slow.soon();
    expect(update.delta).toMatchObject({ removed_ids: [], changed: [{ name: "n2", pod_cidrs: b!.held }] });
    expect(update.revision).toBe(mesh.core.context.netmap.revision);
  });

  it("makes one update for all who ask for the same", async () => {
    const [a, b, c] = await joined(3);
    const readers = [a!.watch(), b!.watch()];
    const [first, second] = [await readers[0]!.soon(), await readers[1]!.soon()];
    expect(first.snapshot).toBeDefined();
    expect(second).toBe(first);
    const next = readers.map((reader) => reader.next());
    await c!.mesh.leave({ release: false });
    await mesh.clock.advance(50);
    const [delta, same] = await Promise.all(next);
    expect(delta!.delta?.removed_ids).toEqual([c!.id]);
    expect(same).toBe(delta);
    expect(await a!.watch().soon()).toMatchObject({ revision: delta!.revision, snapshot: { nodes: [{}, {}] } });
  });

  it("leaves every follower, fast or slow or reconnecting, with exactly the nodes there are", async () => {
    const act = fc.constantFrom("join", "leave", "back", "down", "read1", "read2", "resume2", "tick");
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        await mesh.stop();
        mesh = await MeshHarness.start();
        const [observer] = await joined(1);
        const others: HarnessNode[] = [];
        const fast = new Follower(observer!);
        const slow = new Follower(observer!);
        await fast.read();
        for (const [i, act] of acts.entries()) {
          if (act === "join") {
            const node = await mesh.node(`x${i}`, `198.51.100.${i}`);
            await node.register();
            others.push(node);
          }
          const node = others[i % Math.max(1, others.length)];
          if (act === "leave") await node?.mesh.leave({ release: i % 3 === 0 });
          if (act === "back") await node?.register({ accept_new_lease: true });
          if (act === "down") await observer!.live(20_000);
          if (act === "read1") await fast.read();
          if (act === "read2") await slow.read();
          if (act === "resume2") slow.reconnect();
          if (act === "tick") await mesh.clock.advance(50);
        }
        await observer!.heartbeat();
        await mesh.clock.advance(50);
        const truth = mesh.core.context.netmap.nodes();
        for (const follower of [fast, slow]) expect(await follower.final()).toEqual(byId(truth));
      }),
      { numRuns: 25 },
    );
  });
});

/** Applies updates as an agent does. */
class Follower {
  readonly #node: HarnessNode;
  readonly #nodes = new Map<string, NodeMessage>();
  #reader;
  #pending: Promise<NetmapUpdate> | undefined;
  #last: NetmapUpdate | undefined;

  constructor(node: HarnessNode) {
    this.#node = node;
    this.#reader = node.watch();
  }

  /** Takes one update if there is one within a tick. */
  async read(): Promise<void> {
    this.#pending ??= this.#reader.next();
    const update = await Promise.race([this.#pending, mesh.clock.advance(50).then(() => null)]);
    if (!update) return;
    this.#pending = undefined;
    this.#last = update;
    if (update.snapshot) this.#nodes.clear();
    for (const node of update.snapshot?.nodes ?? update.delta!.changed) this.#nodes.set(node.id, node);
    for (const id of update.delta?.removed_ids ?? []) this.#nodes.delete(id);
  }

  reconnect(): void {
    this.#pending?.catch(() => {});
    this.#pending = undefined;
    void this.#reader.stop();
    this.#reader = this.#node.watch(this.#last);
  }

  async final(): Promise<NodeMessage[]> {
    for (let reads = 0; reads < 3; reads++) await this.read();
    await this.#reader.stop();
    return byId([...this.#nodes.values()]);
  }
}

function byId(nodes: readonly NodeMessage[]): NodeMessage[] {
  return [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
}
