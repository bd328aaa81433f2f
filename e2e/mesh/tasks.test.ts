import type { CaptureResult, DescribeResult, ListenResult, SendResult, Task, TestPod } from "@warren/common/api/ask.ts";
import { afterEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { SEED } from "./sim/seed.ts";
import { SimMesh, type SimMeshOptions } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

const SESSION = "00112233445566778899aabbccddeeff";
const POD = { kind: "pod", namespace: "default", name: "web" } as const;

describe(`parts of a self-test, asked of other nodes (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let a: SimNode;
  let b: SimNode;
  afterEach(() => mesh.close());

  async function start(options: Partial<SimMeshOptions> = {}): Promise<void> {
    mesh = await SimMesh.start({ seed: SEED, ...options });
    [a, b] = (await mesh.join("a", "b")) as [SimNode, SimNode];
    await converge(mesh, 2_000);
  }

  const ask = <T>(from: SimNode, node: string, task: Task): Promise<T> =>
    mesh.time.complete(
      `${node} answers ${from.name}`,
      from.agent.ask({ node, task }, new AbortController().signal) as Promise<T>,
      200_000,
    );
  const listen = (node: string) =>
    ask<ListenResult>(a, node, { do: "listen", session: SESSION, places: [{ kind: "node" }, POD], seconds: 60 });

  it("describes any node to any other, and itself with the control plane down", async () => {
    await start();
    const { addresses } = await b.addPod("web");
    const other = await ask<DescribeResult>(a, "b", { do: "describe" });
    expect(other.status.node.name).toBe("b");
    expect(other.pods).toEqual([{ namespace: "default", name: "web", addresses }]);
    expect(other.addresses).toEqual(b.stack.network.plan!.nodeAddresses);
    await mesh.control.crash();
    expect((await ask<DescribeResult>(a, "a", { do: "describe" })).status.node.name).toBe("a");
    await expect(ask(a, "b", { do: "describe" })).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each([
    ["plain", {}, 1450],
    ["sealed", { settings: { cipher: "aes-256-gcm" as const } }, 1440],
    ["dual stack", { settings: { pools: ["10.244.0.0/16", "fd00:77::/48"] } }, 1450],
  ])("finds every way between nodes and pods, and how long a packet may be: %s", async (_name, options, mtu) => {
    await start(options);
    await a.addPod("web");
    await b.addPod("web");
    const { listeners } = await listen("b");
    expect(listeners).toHaveLength(2);
    const targets = listeners.flatMap(({ addresses, port }) =>
      addresses.flatMap((address) => [
        { address, port },
        { address, port, sendBytes: mtu, answerBytes: mtu },
        { address, port, sendBytes: mtu + 1 },
      ]),
    );
    for (const from of [{ kind: "node" } as const, POD]) {
      const { answers } = await ask<SendResult>(a, "a", {
        ...{ do: "send", session: SESSION, from, targets, timeoutMs: 1_000 },
      });
      for (const [i, answer] of answers.entries()) {
        expect(answer.outcome).toBe(i % 3 === 2 ? "too-long" : "answered");
        if (i % 3 !== 2) expect(answer.seenAs).toBe(answer.sentFrom);
      }
    }
  });

  it("says which probes are lost, after as many tries as were asked for", async () => {
    await start();
    await b.addPod("web");
    const { listeners } = await listen("b");
    mesh.cut(a, b);
    const { answers } = await ask<SendResult>(a, "a", {
      ...{ do: "send", session: SESSION, from: { kind: "node" }, timeoutMs: 900, tries: 3 },
      targets: [{ address: listeners[0]!.addresses[0]!, port: listeners[0]!.port }],
    });
    expect(answers).toEqual([
      { outcome: "lost", rttMs: null, tries: 3, seenAs: null, sentFrom: a.stack.network.plan!.nodeAddresses[0] },
    ]);
  });

  it.each([
    ["none", { vxlan: 20, wireguard: 0, readable: 20 }],
    ["chacha20-poly1305", { vxlan: 0, readable: 0 }],
  ] as const)("sees what is on the wire: %s", async (cipher, expected) => {
    await start({ settings: { cipher } });
    await b.addPod("web");
    const [listener] = (await listen("b")).listeners;
    const seen = ask<CaptureResult>(a, "b", { do: "capture", session: SESSION, peers: [a.underlay], seconds: 5 });
    await mesh.time.until("b looks", () => b.stack.isTapped, 1_000);
    const target = { address: listener!.addresses[0]!, port: listener!.port };
    await ask(a, "a", {
      ...{ do: "send", session: SESSION, from: { kind: "node" }, timeoutMs: 900 },
      targets: Array.from({ length: 10 }, () => target),
    });
    const { peers } = await seen;
    expect(peers).toEqual([expect.objectContaining({ address: a.underlay, direct: 0, other: 0, ...expected })]);
    expect(peers[0]!.vxlan + peers[0]!.wireguard).toBeGreaterThanOrEqual(20);
  });

  it("makes a pod for a test and takes it away, when asked, in time, and after the agent was killed", async () => {
    await start();
    const add = (seconds: number) => ask<TestPod>(a, "b", { do: "add-pod", seconds });
    const left = () => b.agent.listPods().map((pod) => pod.name);
    const first = await add(60);
    expect(left()).toEqual([first.name]);
    await ask(a, "b", { do: "delete-pod", namespace: first.namespace, name: first.name });
    expect(left()).toEqual([]);
    await add(5);
    await mesh.time.run(6_000);
    expect(left()).toEqual([]);
    await add(60);
    const web = await b.addPod("web");
    b.crash();
    await mesh.time.complete("b starts", b.start());
    expect(left()).toEqual([web.name]);
    await expect(ask(a, "b", { do: "delete-pod", namespace: web.namespace, name: web.name })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("b: "),
    });
  });

  it("tells who did not answer, and goes on when the other is back", async () => {
    await start();
    b.crash();
    const asked = ask(a, "b", { do: "describe" });
    await expect(asked).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("b ") });
    await expect(ask(a, "bb", { do: "describe" })).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining('"b"'),
    });
    await mesh.time.complete("b starts", b.start());
    await converge(mesh, 30_000);
    await ask(a, "b", { do: "describe" });
  });

  it("takes tasks again after an outage of the control plane", async () => {
    await start();
    await mesh.control.crash();
    await mesh.time.run(20_000);
    await mesh.control.start();
    await converge(mesh, 60_000);
    await mesh.time.run(20_000);
    await ask(a, "b", { do: "describe" });
  });
});
