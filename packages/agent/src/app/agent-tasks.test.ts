import { ASK_TIMEOUT_MS, type DescribeResult, MAX_OPEN_TASKS, type SendTask } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Agent } from "./agent-app.ts";
import { AgentHarness, PEER } from "./testing/agent-harness.ts";

const session = "00112233445566778899aabbccddeeff";
const send: SendTask = {
  ...{ do: "send", session, from: { kind: "node" }, timeoutMs: 300 },
  targets: [{ address: "10.244.1.1", port: 9 }],
};

let machine: AgentHarness;
let agent: Agent;
beforeEach(async () => {
  machine = new AgentHarness();
  machine.control.nodes.set(PEER.id, PEER);
  agent = await machine.up(machine.make());
});
afterEach(() => machine.close());

const ask = (task: unknown, node = "node-1", signal = new AbortController().signal) =>
  agent.ask({ node, task }, signal);
const podNames = () => agent.listPods().map((pod) => pod.name);
let given = 0;
/** Has the agent do a task for another node, and waits for its answer. */
async function give(task: unknown, json = JSON.stringify(task)) {
  const id = `task-${given++}`;
  machine.control.give({ id, from: "node-2", task_json: json });
  const answer = () => machine.control.answers.find((candidate) => candidate.id === id);
  for (let passed = 0; !answer() && passed < 10_000; passed += 50) await machine.clock.advance(50);
  return answer();
}

describe("what others ask of a node", () => {
  it("is done, and answered with the result", async () => {
    const answer = await give({ do: "describe" });
    expect(answer).toMatchObject({ error_code: "" });
    const result = JSON.parse(answer!.result_json) as DescribeResult;
    expect(result).toMatchObject({ addresses: ["10.244.1.1"], pods: [], nowMs: expect.any(Number) });
    expect(Math.abs(result.nowMs - machine.clock.nowMs())).toBeLessThan(1_000);
    expect(result.status.node.name).toBe("node-1");
  });

  it.each([
    ["no JSON", "{", "usage", /no JSON/],
    ["no task", '{"do":"reboot"}', "usage", /do: /],
    [
      "probes to addresses outside of the mesh",
      JSON.stringify({ ...send, targets: [{ address: "192.0.2.12", port: 53 }] }),
      "usage",
      /192\.0\.2\.12 is not in the mesh/,
    ],
    [
      "probes from a pod that is not here",
      JSON.stringify({ ...send, from: { kind: "pod", namespace: "default", name: "x" } }),
      "not-found",
      /no pod default\/x/,
    ],
    [
      "a look at packets of strangers",
      JSON.stringify({ do: "capture", session, peers: ["192.0.2.12", "192.0.2.99"], seconds: 1 }),
      "not-found",
      /192\.0\.2\.99 is no peer/,
    ],
  ])("is refused with the reason: %s", async (_what, json, error_code, reason) => {
    expect(await give(null, json)).toMatchObject({
      error_code,
      error_message: expect.stringMatching(reason),
      result_json: "",
    });
  });

  it("is refused with the capability that is lacking", async () => {
    machine.probes.tap = () => {
      throw new WarrenError("capability-missing", "CAP_NET_RAW");
    };
    const answer = await give({ do: "capture", session, peers: [PEER.underlay_address], seconds: 1 });
    expect(answer).toMatchObject({ error_code: "capability-missing", error_message: "CAP_NET_RAW" });
  });

  it("is heard of again after the connection broke, and answered once it is back", async () => {
    const { control, clock } = machine;
    control.breakWatches();
    await clock.advance(1_000);
    expect(await give({ do: "describe" })).toMatchObject({ error_code: "" });
    control.give({ id: "late", from: "node-2", task_json: JSON.stringify({ do: "describe" }) });
    control.silent = true;
    await clock.advance(1_000);
    expect(control.answers.find(({ id }) => id === "late")).toBeUndefined();
    control.silent = false;
    await clock.advance(4_000);
    expect(control.answers.find(({ id }) => id === "late")).toBeDefined();
  });

  it("is at most so much at a time", async () => {
    const sends = Array.from({ length: MAX_OPEN_TASKS }, () => ask({ ...send, timeoutMs: 2_000 }));
    await machine.clock.advance(0);
    expect(await give({ do: "describe" })).toMatchObject({ error_code: "busy" });
    await machine.clock.advance(2_000);
    await Promise.all(sends);
    expect(await give({ do: "describe" })).toMatchObject({ error_code: "" });
  });

  it("is a look at the underlay by few at a time", async () => {
    const look = { do: "capture", session, peers: [PEER.underlay_address], seconds: 2 };
    const looks = Array.from({ length: 4 }, () => ask(look));
    await machine.clock.advance(0);
    await expect(ask(look)).rejects.toMatchObject({ code: "busy" });
    await machine.clock.advance(2_000);
    await Promise.all(looks);
    expect(await give(look)).toMatchObject({ error_code: "" });
  });

  it("ends when nobody can be waiting for it any more", async () => {
    const targets = Array.from({ length: 4_096 }, () => ({ address: "10.244.1.1", port: 9, sendBytes: 65_535 }));
    const outcome = Promise.allSettled([ask({ ...send, targets, tries: 5 })]);
    for (let passed = 0; passed <= ASK_TIMEOUT_MS; passed += 1_000) await machine.clock.advance(1_000);
    expect(await outcome).toMatchObject([{ reason: { code: "timeout" } }]);
    expect(machine.probes.size).toBe(0);
  });
});

describe("what a node asks", () => {
  it("of another goes over the control plane", async () => {
    machine.control.answerToAsk = '{"a":1}';
    expect(await ask({ do: "describe" }, "node-2")).toEqual({ a: 1 });
    expect(machine.control.asked).toEqual([{ node_name: "node-2", task_json: '{"do":"describe"}' }]);
    machine.control.answerToAsk = "not for machines";
    await expect(ask({ do: "describe" }, "node-2")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("of itself needs no control plane", async () => {
    machine.control.silent = true;
    machine.control.breakWatches();
    expect(await ask({ do: "describe" })).toMatchObject({ addresses: ["10.244.1.1"] });
    await expect(ask({ do: "describe" }, "node-2")).rejects.toMatchObject({ code: "unavailable" });
    await expect(ask({ do: "reboot" })).rejects.toMatchObject({ code: "usage" });
    await expect(agent.ask({ node: "" }, new AbortController().signal)).rejects.toMatchObject({ code: "usage" });
  });

  it("ends when whoever asked goes away, and when the agent stops", async () => {
    const gone = new AbortController();
    const first = ask({ ...send, timeoutMs: 10_000 }, "node-1", gone.signal);
    const second = ask({ ...send, timeoutMs: 10_000 });
    const outcomes = Promise.allSettled([first, second]);
    await machine.clock.advance(0);
    gone.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    await agent.stop();
    expect((await outcomes)[1]).toMatchObject({ reason: { code: "not-ready" } });
    expect(machine.probes.size).toBe(0);
  });
});

describe("pods of self-tests", () => {
  const add = (seconds: number) => ask({ do: "add-pod", seconds }) as Promise<{ namespace: string; name: string }>;

  it("are taken away when asked, and only they are", async () => {
    const web = await agent.addPod({ name: "web", namespace: "warren-test" });
    const pod = await add(60);
    expect(pod).toMatchObject({ namespace: "warren-test", name: expect.stringMatching(/^warren-test-\w{8}$/) });
    await expect(ask({ do: "delete-pod", namespace: web.namespace, name: web.name })).rejects.toMatchObject({
      code: "forbidden",
    });
    const remove = { do: "delete-pod", namespace: pod.namespace, name: pod.name };
    await ask(remove);
    await expect(ask(remove)).rejects.toMatchObject({ code: "not-found" });
    expect(podNames()).toEqual(["web"]);
  });

  it("go when their time is over, again when that fails", async () => {
    await add(5);
    const remove = machine.podNetwork.remove.bind(machine.podNetwork);
    machine.podNetwork.remove = () => Promise.reject(new WarrenError("timeout", "hangs"));
    await machine.clock.advance(5_000);
    expect(podNames()).toHaveLength(1);
    machine.podNetwork.remove = remove;
    await machine.clock.advance(10_000);
    expect(podNames()).toEqual([]);
  });

  it("go with the agent that made them, and what one left that was killed goes at the next start", async () => {
    await agent.addPod({ name: "web" });
    await add(60);
    await agent.stop();
    agent = await machine.up(machine.make());
    expect(podNames()).toEqual(["web"]);
    await agent.addPod({ name: "left", namespace: "warren-test", labels: { "warren.test/self-test": "true" } });
    await agent.stop();
    agent = await machine.up(machine.make());
    expect(podNames()).toEqual(["web"]);
  });

  it("do not keep their node in the mesh", async () => {
    await add(60);
    const web = await agent.addPod({ name: "web" });
    await expect(agent.leave(false)).rejects.toMatchObject({ code: "pods-present" });
    expect(podNames()).toEqual(["web"]);
    await agent.deletePod(web.namespace, web.name);
    await add(60);
    await agent.leave(false);
    expect(podNames()).toEqual([]);
  });

  it("are not without number", async () => {
    const task = { do: "add-pod", seconds: 60 };
    const made = await Promise.allSettled(Array.from({ length: MAX_OPEN_TASKS }, () => ask(task)));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(MAX_OPEN_TASKS);
    await expect(ask(task)).rejects.toMatchObject({ code: "busy" });
    expect(podNames()).toHaveLength(MAX_OPEN_TASKS);
  });

  it("are not made and taken away without end", async () => {
    for (let i = 0; i < 60; i++) {
      const { namespace, name } = await add(60);
      await ask({ do: "delete-pod", namespace, name });
    }
    await expect(add(60)).rejects.toMatchObject({ code: "busy", message: expect.stringContaining("minute") });
    await machine.clock.advance(60_000);
    await add(60);
  });

  it("go when their time is over, although they resisted when asked", async () => {
    const { namespace, name } = await add(5);
    const remove = machine.podNetwork.remove.bind(machine.podNetwork);
    machine.podNetwork.remove = () => Promise.reject(new WarrenError("timeout", "hangs"));
    await expect(ask({ do: "delete-pod", namespace, name })).rejects.toMatchObject({ code: "timeout" });
    machine.podNetwork.remove = remove;
    await machine.clock.advance(5_000);
    expect(podNames()).toEqual([]);
  });
});
