import { ASK_TIMEOUT_MS, MAX_OPEN_TASKS, MAX_RESULT_BYTES, MAX_TASK_BYTES } from "@warren/common/api/ask.ts";
import type { AnswerTaskRequest, TaskMessage } from "@warren/common/rpc/messages.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addForeignPeer } from "../mesh/foreign-peers.ts";
import { revokeNode } from "../mesh/removal.ts";
import { type HarnessNode, MeshHarness } from "../mesh/testing/mesh-harness.ts";

let control: MeshHarness;
let a: HarnessNode;
let b: HarnessNode;
const watchers: Watcher[] = [];

beforeEach(async () => {
  control = await MeshHarness.start();
  a = await control.node("a", "192.0.2.1");
  b = await control.node("b", "192.0.2.2");
  for (const node of [a, b]) await node.register();
});
afterEach(async () => {
  for (const watcher of watchers.splice(0)) await watcher.stop();
  await control.stop();
});

/** A node that takes tasks, and answers when the test says so. */
class Watcher {
  readonly tasks: TaskMessage[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<unknown>;

  constructor(node: HarnessNode) {
    watchers.push(this);
    this.ended = this.#run(node).catch((error: unknown) => error);
  }

  async #run(node: HarnessNode): Promise<void> {
    for await (const task of node.mesh.watchTasks(this.#stop.signal)) this.tasks.push(task);
  }

  async next(): Promise<TaskMessage> {
    await expect.poll(() => this.tasks.length, { interval: 1 }).toBeGreaterThan(0);
    return this.tasks.shift()!;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

const ask = (from: HarnessNode, to: string, task = "{}", signal?: AbortSignal) =>
  from.mesh.askNode({ node_name: to, task_json: task }, signal);
const answer = (node: HarnessNode, id: string, change: Partial<AnswerTaskRequest> = {}) =>
  node.mesh.answerTask({ id, result_json: "{}", error_code: "", error_message: "", ...change });
/** Asks, and does not let a rejection that comes later end the test run. */
const open = (...args: Parameters<typeof ask>) => {
  const asked = ask(...args);
  asked.catch(() => {});
  return asked;
};

describe("a task for another node", () => {
  it("reaches that node with the name of who asks, and its answer comes back", async () => {
    const watcher = new Watcher(b);
    const asked = ask(a, "b", '{"do":"x"}');
    const task = await watcher.next();
    expect(task).toEqual({ id: expect.any(String), from: "a", task_json: '{"do":"x"}' });
    await answer(b, task.id, { result_json: '{"y":1}' });
    expect(await asked).toEqual({ result_json: '{"y":1}' });
    expect(control.core.tasks.size).toBe(0);
  });

  it("can be for the asking node itself, and can come from the operator, who has no name", async () => {
    const watcher = new Watcher(a);
    const asked = [ask(a, "a"), control.core.tasks.ask(null, { node_name: "a", task_json: "{}" })];
    const tasks = [await watcher.next(), await watcher.next()];
    expect(tasks.map(({ from }) => from).sort()).toEqual(["", "a"]);
    for (const { id } of tasks) await answer(a, id);
    await Promise.all(asked);
  });

  it("is answered with the error of the node that did it, which is named", async () => {
    const watcher = new Watcher(b);
    const asked = open(a, "b");
    await answer(b, (await watcher.next()).id, { error_code: "pod-exists", error_message: "there is one" });
    await expect(asked).rejects.toMatchObject({ code: "pod-exists", message: "b: there is one" });
  });

  it.each(["internal", "no-such-code"])(
    "shows a defect of the other node (%s) as nobody's here",
    async (error_code) => {
      const watcher = new Watcher(b);
      const asked = open(a, "b");
      await answer(b, (await watcher.next()).id, { error_code, error_message: "TypeError" });
      await expect(asked).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/^b .*its agent/),
      });
    },
  );

  it("is answered by that node only, once, and not when nobody waits any more", async () => {
    const watcher = new Watcher(b);
    const asked = ask(a, "b");
    const { id } = await watcher.next();
    await expect(answer(a, id)).rejects.toMatchObject({ code: "not-found" });
    await answer(b, id);
    await asked;
    await expect(answer(b, id)).rejects.toMatchObject({ code: "not-found" });
    const stop = new AbortController();
    const given = open(a, "b", "{}", stop.signal);
    const later = await watcher.next();
    stop.abort();
    await expect(given).rejects.toMatchObject({ code: "unavailable" });
    await expect(answer(b, later.id)).rejects.toMatchObject({ code: "not-found" });
    expect(control.core.tasks.size).toBe(0);
  });

  it("goes to the newest connection of a node", async () => {
    const old = new Watcher(b);
    await control.clock.advance(0);
    const fresh = new Watcher(b);
    await control.clock.advance(0);
    const asked = ask(a, "b");
    await answer(b, (await fresh.next()).id);
    await asked;
    expect(old.tasks).toEqual([]);
    await fresh.stop();
    const again = ask(a, "b");
    await answer(b, (await old.next()).id);
    await again;
  });

  it("waits for a node that is just connecting", async () => {
    const asked = ask(a, "b");
    await control.clock.advance(2_000);
    await answer(b, (await new Watcher(b).next()).id);
    await asked;
  });
});

describe("what cannot be", () => {
  it("is said of a name that no node has, with the names there are", async () => {
    await expect(ask(a, "bb")).rejects.toMatchObject({ code: "not-found", message: expect.stringContaining('"b"') });
    await expect(ask(a, "zzzzz")).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("a, b"),
    });
    const peer = { name: "gw", underlayAddress: "192.0.2.9", vtepMac: "02:00:5e:10:00:01", podCidrs: ["10.9.0.0/24"] };
    await addForeignPeer(control.core.context, peer);
    await expect(ask(a, "gw")).rejects.toMatchObject({ code: "not-found", message: expect.stringMatching(/no agent/) });
  });

  it("is said of a node that takes no tasks, or is down", async () => {
    const asked = open(a, "b");
    await control.clock.advance(5_001);
    await expect(asked).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^node b takes no tasks.*version 0\.1\.0/),
    });
    await a.live(20_000);
    await expect(ask(a, "b")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^node b is down/),
    });
  });

  it("is said of a node that does not answer", async () => {
    const watcher = new Watcher(b);
    const asked = open(a, "b");
    await watcher.next();
    await control.clock.advance(ASK_TIMEOUT_MS + 1);
    await expect(asked).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringMatching(/^node b did not answer/),
    });
    expect(control.core.tasks.size).toBe(0);
  });

  it("is said soon of a node that was lost while it did the task, but an answer over a new connection counts", async () => {
    const watcher = new Watcher(b);
    const [lost, late] = [open(a, "b"), open(a, "b")];
    await watcher.next();
    const { id } = await watcher.next();
    await watcher.stop();
    await control.clock.advance(1_000);
    await answer(b, id);
    await late;
    await control.clock.advance(15_000);
    await expect(lost).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^node b was lost/),
    });
  });

  it("is said of a task and a result that are too long", async () => {
    await expect(ask(a, "b", "x".repeat(MAX_TASK_BYTES + 1))).rejects.toMatchObject({ code: "usage" });
    const watcher = new Watcher(b);
    const asked = open(a, "b");
    await answer(b, (await watcher.next()).id, { result_json: "x".repeat(MAX_RESULT_BYTES + 1) });
    await expect(asked).rejects.toMatchObject({ code: "usage" });
  });

  it("is said of too many questions: of one node, of the operator, and to one node", async () => {
    const watcher = new Watcher(b);
    const [c, d] = [await control.node("c", "192.0.2.3"), await control.node("d", "192.0.2.4")];
    for (const node of [c, d]) await node.register();
    const [first] = [a, c].flatMap((from) => Array.from({ length: MAX_OPEN_TASKS }, () => open(from, "b")));
    const { id } = await watcher.next();
    await expect(ask(a, "b")).rejects.toMatchObject({ code: "busy", message: expect.stringMatching(/^16 questions/) });
    await expect(ask(d, "b")).rejects.toMatchObject({
      code: "busy",
      message: expect.stringMatching(/^node b has 32 tasks/),
    });
    await answer(b, id);
    await first;
    void open(a, "b");
    await expect.poll(() => control.core.tasks.size, { interval: 1 }).toBe(2 * MAX_OPEN_TASKS);
  });

  it("is said of too many questions that were given up, until they are answered, or old", async () => {
    const watcher = new Watcher(b);
    const give = async (from: HarnessNode) => {
      const gone = new AbortController();
      const asked = ask(from, "b", "{}", gone.signal).catch((error: unknown) => error);
      await control.clock.advance(0);
      gone.abort();
      return asked;
    };
    for (let i = 0; i < 2 * MAX_OPEN_TASKS; i++) expect(await give(a)).toMatchObject({ code: "unavailable" });
    expect(await give(a)).toMatchObject({ code: "busy", message: expect.stringMatching(/given up/) });
    expect(await give(b)).toMatchObject({ code: "unavailable" });
    await expect(answer(b, (await watcher.next()).id)).rejects.toMatchObject({ code: "not-found" });
    expect(await give(a)).toMatchObject({ code: "unavailable" });
    expect(await give(a)).toMatchObject({ code: "busy" });
    await control.clock.advance(30_000);
    expect(await give(a)).toMatchObject({ code: "unavailable" });
  });

  it("is said of a node that takes tasks and never reads them", async () => {
    const reading = b.mesh.watchTasks(new AbortController().signal)[Symbol.asyncIterator]();
    const first = reading.next();
    const stop = new AbortController();
    const give = async (): Promise<unknown> => {
      const asked = open(a, "b", "{}", stop.signal).catch((error: unknown) => error);
      await control.clock.advance(0);
      return asked;
    };
    // Given up again, each of them: what waits for the node stays.
    const outcomes: unknown[] = [];
    for (let i = 0; i < 80; i++) {
      const gone = new AbortController();
      const asked = ask(a, "b", "{}", gone.signal).catch((error: unknown) => error);
      await control.clock.advance(0);
      gone.abort();
      outcomes.push(await asked);
      // Until those of the asking node count no more.
      if (i % 20 === 0) await control.clock.advance(30_000);
    }
    expect(outcomes.at(-1)).toMatchObject({ code: "busy", message: expect.stringMatching(/^node b does not take/) });
    await first;
    stop.abort();
    await give();
    await reading.return?.(undefined);
  });
});

describe("who may", () => {
  it("neither ask, nor take tasks, nor answer, is a node that has not registered, has left or was revoked", async () => {
    const fresh = await control.node("fresh", "192.0.2.5");
    const watch = (node: HarnessNode) =>
      node.mesh.watchTasks(new AbortController().signal)[Symbol.asyncIterator]().next();
    const calls = (node: HarnessNode) => [() => ask(node, "b"), () => watch(node), () => answer(node, "x")];
    for (const call of calls(fresh)) await expect(call()).rejects.toMatchObject({ code: "not-ready" });
    await a.mesh.leave({ release: false });
    for (const call of calls(a)) await expect(call()).rejects.toMatchObject({ code: "not-ready" });
    await revokeNode(control.core.context, "a");
    for (const call of calls(a)) await expect(call()).rejects.toMatchObject({ code: "node-revoked" });
  });

  it("no node that is revoked is handed anything any more, and its watch ends", async () => {
    const watcher = new Watcher(b);
    await control.clock.advance(0);
    await revokeNode(control.core.context, "b");
    expect(await watcher.ended).toMatchObject({ code: "node-revoked" });
    await expect(ask(a, "b")).rejects.toMatchObject({ code: "not-found" });
    expect(watcher.tasks).toEqual([]);
  });

  it("keeps nothing over a stop: who asked hears of it, and watches end", async () => {
    const watcher = new Watcher(b);
    const asked = open(a, "b");
    await watcher.next();
    await control.core.tasks.stop();
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
    expect(await watcher.ended).toMatchObject({ code: "unavailable" });
  });
});
