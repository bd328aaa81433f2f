import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PodInfo } from "@warren/common/api/types.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName, type Where } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { runIn, tryRunIn } from "../lab/netns.ts";
import { sealedSessions } from "../lab/sessions.ts";
import { waitFor } from "../lab/wait-for.ts";
import { WARREN } from "../lab/warren-process.ts";
import { describeAsRoot } from "./as-root.ts";

/** As `warren test -o json` prints it. */
interface Report {
  readonly asker: string | null;
  readonly nodes: readonly string[];
  readonly silentNodes: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly tests: readonly {
    readonly test: string;
    readonly verdict: "pass" | "fail" | "skip";
    readonly proven: string;
    readonly figures: Readonly<Record<string, number>>;
    readonly failures: readonly { readonly subject: string; readonly problem: string; readonly next: string }[];
    readonly notes: readonly string[];
  }[];
}

interface Outcome {
  readonly code: number;
  readonly report: Report;
  /** Of the tests that failed: subjects of their failures. */
  readonly failing: Readonly<Record<string, readonly string[]>>;
  readonly stderr: string;
}

/** For all tests on a machine with much else to do. */
const PATIENCE_MS = 100_000;

async function selfTest(mesh: Mesh, where: Where, ...args: string[]): Promise<Outcome> {
  const { runDir, netns } = where === "control" ? mesh.lab.controlPlane : mesh.lab.agent(where);
  const all = ["test", ...args, "--run-dir", runDir, "-o", "json"];
  const { code, stdout, stderr } = await tryRunIn(netns, WARREN, all, { timeoutMs: PATIENCE_MS });
  const report = (stdout === "" ? { tests: [] } : JSON.parse(stdout)) as Report;
  const failed = report.tests.filter(({ verdict }) => verdict === "fail");
  const failing = Object.fromEntries(
    failed.map(({ test, failures }) => [test, failures.map(({ subject }) => subject).sort()]),
  );
  return { code, report, failing, stderr };
}

const resultOf = ({ report }: Outcome, test: string) => report.tests.find((each) => each.test === test)!;
const hintOf = (outcome: Outcome, test: string) => resultOf(outcome, test).failures[0]!.next;

describe.each([
  { cipher: "none", overlayMtu: 1450, port: 4789 },
  { cipher: "aes-256-gcm", overlayMtu: 1440, port: 51820 },
] as const)("warren test, cipher $cipher", ({ cipher, overlayMtu, port }) => {
  describeAsRoot("on three nodes", () => {
    let mesh: Mesh;
    let names: string[];
    let underlays: string[];
    beforeAll(async () => {
      const control = { flags: [...DUAL_STACK, "--cipher", cipher] };
      mesh = await createMesh({ name: uniqueLabName("wt"), nodes: 3, pods: 1, control });
      names = mesh.lab.hosts.map(({ netns }) => netns);
      underlays = mesh.lab.hosts.map(({ underlay }) => underlay);
    });
    afterAll(() => mesh?.lab.close());
    afterEach(() => Promise.all(mesh.lab.hosts.map((host) => host.clearFault())));

    /** What is dropped of what host `from` sends to host `to`. */
    const cut = (from: number, to: number, longerThan?: number) =>
      mesh.lab
        .host(to)
        .setFault(
          { kind: "blackhole" },
          { from: underlays[from - 1]!, udpPort: port, ...(longerThan && { longerThan }) },
        );
    const podsOf = async (host: number) =>
      (await mesh.lab.warren<PodInfo[]>(host, "pod", "list")).map(({ name }) => name);

    it.each([["control" as const], [1], [3]])("passes on a mesh that works, asked from %s", async (where) => {
      const outcome = await selfTest(mesh, where);
      const { report, code } = outcome;
      expect(outcome.failing).toEqual({});
      expect(code).toBe(0);
      expect(report).toMatchObject({ asker: where === "control" ? null : names[where - 1], nodes: names, failed: 0 });
      expect(resultOf(outcome, "node-to-node").figures).toMatchObject({ pairs: 6, probes: 12, answered: 12 });
      expect(resultOf(outcome, "pod-to-pod").figures).toMatchObject({ pods: 3, pairs: 6, answered: 12 });
      expect(resultOf(outcome, "no-nat").figures).toMatchObject({ probes: 24, changed: 0 });
      expect(resultOf(outcome, "mtu").figures).toMatchObject({
        smallest: overlayMtu,
        largest: overlayMtu,
        fit: 12,
        refused: 12,
      });
      expect(resultOf(outcome, "new-pod").figures).toMatchObject({ pods: 3, reached: 3 });
      const encryption = resultOf(outcome, "encryption");
      if (cipher === "none") {
        expect(encryption).toMatchObject({ verdict: "skip", figures: { pairs: 6, pairsRead: 6 } });
        expect(encryption.proven).toContain("cipher is none");
      } else {
        expect(encryption).toMatchObject({ verdict: "pass", figures: { pairs: 6, readable: 0, vxlan: 0, direct: 0 } });
        expect(encryption.figures["wireguard"]).toBeGreaterThanOrEqual(24);
      }
      for (const host of [1, 2, 3]) expect(await podsOf(host)).toEqual(["pod-1"]);
    });

    it("names a pair that a firewall cuts off, in both directions, and the port to look at", async () => {
      await cut(1, 2);
      const outcome = await selfTest(mesh, 3, "node-to-node", "pod-to-pod", "control-plane");
      expect(outcome.code).toBe(1);
      const pairs = [`${names[0]} → ${names[1]}`, `${names[1]} → ${names[0]}`];
      expect(outcome.failing["node-to-node"]).toEqual(pairs);
      expect(outcome.failing["pod-to-pod"]).toEqual([
        `default/pod-1 on ${names[0]} → default/pod-1 on ${names[1]}`,
        `default/pod-1 on ${names[1]} → default/pod-1 on ${names[0]}`,
      ]);
      expect(hintOf(outcome, "node-to-node")).toContain(`UDP port ${port} from ${underlays[0]} to ${underlays[1]}`);
      expect(hintOf(outcome, "pod-to-pod")).toContain("the nodes do not reach each other either");
      expect(resultOf(outcome, "control-plane").verdict).toBe("pass");
    });

    it("names the direction that swallows long packets, while small ones pass", async () => {
      await cut(2, 3, overlayMtu);
      const outcome = await selfTest(mesh, 1, "mtu", "node-to-node");
      expect(outcome.failing).toEqual({ mtu: [`${names[1]} → ${names[2]}`] });
      expect(hintOf(outcome, "mtu")).toContain(`\`ping -M do -s 1472 ${underlays[2]}\``);
    });

    it("names a node that is cut off from all others once, not once for each", async () => {
      await mesh.lab.host(3).setFault({ kind: "blackhole" }, { udpPort: port });
      const outcome = await selfTest(mesh, 1, "node-to-node");
      expect(outcome.failing).toEqual({ "node-to-node": [`${names[2]} ↔ every other node`] });
    });
  });
});

describeAsRoot("warren test on a mesh that is broken elsewhere", () => {
  let mesh: Mesh;
  let names: string[];
  const junit = join(tmpdir(), `warren-self-test-${process.pid}.xml`);
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wt"), nodes: 3, pods: 1 });
    names = mesh.lab.hosts.map(({ netns }) => netns);
  });
  afterAll(async () => {
    rmSync(junit, { force: true });
    await mesh?.lab.close();
  });

  it("names the pods whose address a masquerade rule changes", async () => {
    const rules = `table ip lab_nat {
  chain post {
    type nat hook postrouting priority 100;
    oifname "warren0" masquerade
  }
}
`;
    await mesh.lab.host(1).run("nft", ["-f", "-"], { input: rules });
    try {
      const outcome = await selfTest(mesh, 2, "no-nat", "pod-to-pod", "node-to-node");
      expect(outcome.failing).toEqual({
        "no-nat": [2, 3].map((host) => `default/pod-1 on ${names[0]} → default/pod-1 on ${names[host - 1]}`),
      });
      const { problem, next } = resultOf(outcome, "no-nat").failures[0]!;
      expect(problem).toContain(`sees ${mesh.pod(1).address()} as 10.244.0.1`);
      expect(next).toContain(`masquerade or snat rule on ${names[0]}`);
    } finally {
      await mesh.lab.host(1).run("nft", ["delete", "table", "ip", "lab_nat"]);
    }
  });

  it("makes a pod for the test on a node that has none, and takes it away", async () => {
    await mesh.lab.warren(3, "pod", "del", "pod-1");
    const outcome = await selfTest(mesh, 1, "pod-to-pod");
    expect(outcome.failing).toEqual({});
    expect(resultOf(outcome, "pod-to-pod").notes).toEqual([
      `${names[2]} had no pod: each got one for the test, and it was taken away`,
    ]);
    expect(await mesh.lab.warren<PodInfo[]>(3, "pod", "list")).toEqual([]);
  });

  it("ends at ctrl-C at once, without a pod of the test left", async () => {
    const args = ["test", "encryption", "new-pod", "pod-to-pod", "--run-dir", mesh.lab.agent(1).runDir];
    const run = await mesh.lab.host(1).spawn(WARREN, args);
    await waitFor(
      "the first test to be done",
      () => run.log().includes("encryption: skip") || run.log().includes("pod-to-pod: pass"),
    );
    run.signal("SIGINT");
    expect(await run.exited).toEqual({ code: 130, signal: null });
    expect(run.log()).toContain("interrupted");
    await waitFor("pods of the test to be gone", async () => {
      const pods = await Promise.all([1, 2, 3].map((host) => mesh.lab.warren<PodInfo[]>(host, "pod", "list")));
      return pods.flat().every(({ name }) => name === "pod-1");
    });
  });

  it("names a node whose agent was killed, and tests the others", async () => {
    await mesh.lab.agent(2).kill();
    const outcome = await selfTest(mesh, 1, "--junit-file", junit);
    expect(outcome.code).toBe(1);
    expect(outcome.failing).toEqual({ nodes: [names[1]] });
    expect(outcome.report).toMatchObject({ nodes: [names[0], names[2]], silentNodes: [names[1]] });
    expect(hintOf(outcome, "nodes")).toContain(`on ${names[1]}`);
    const xml = readFileSync(junit, "utf8");
    expect(xml).toContain('tests="8" failures="1"');
    expect(xml).toMatch(new RegExp(`<failure type="nodes" message="${names[1]}: `));
    // Without the test that fails for it: nothing failed, but not all was tested.
    expect(await selfTest(mesh, 1, "node-to-node")).toMatchObject({ code: 7, failing: {} });
    await mesh.lab.agent(2).start();
  });

  it("names a node whose link carries less than it reckons with, although its long answers do not arrive either", async () => {
    const setMtu = (mtu: number) => runIn(mesh.lab.plan.switchNetns!, "ip", ["link", "set", "h2", "mtu", String(mtu)]);
    // What the link is to cut up would pass it whole, because it is a virtual one: cut before.
    for (const host of mesh.lab.hosts) await host.run("ip", ["link", "set", "eth0", "gso_max_segs", "1"]);
    await setMtu(1400);
    try {
      const outcome = await selfTest(mesh, 1, "nodes", "mtu");
      expect(outcome.failing).toEqual({ nodes: [names[1]] });
      expect(resultOf(outcome, "nodes").failures[0]!.problem).toContain("did not answer within");
      expect(hintOf(outcome, "nodes")).toContain("`ping -M do -s 1472 CONTROL`");
    } finally {
      await setMtu(1500);
    }
    // Not the tens of seconds until its connection tries again.
    await mesh.lab.agent(2).kill();
    await mesh.lab.agent(2).start();
    await mesh.lab.meshReady();
  });

  it("says which test it does not know, and lists them, before it asks anybody", async () => {
    const { code, stderr } = await selfTest(mesh, 1, "mtuu");
    expect(code).toBe(2);
    expect(stderr).toContain("no test is named");
    const missing = await selfTest(mesh, 1, "--junit-file", "/nowhere/at/all.xml");
    expect(missing.code).toBe(2);
    expect(existsSync("/nowhere")).toBe(false);
  });

  it("ends with 4 when the control plane is gone", async () => {
    await mesh.lab.controlPlane.stop();
    for (const where of ["control", 1] as const) {
      const { code, stderr } = await selfTest(mesh, where);
      expect([code, stderr]).toEqual([4, expect.stringContaining('"code":"unavailable"')]);
    }
    await mesh.lab.controlPlane.start();
  });
});

describeAsRoot("warren test while a cluster is sealed", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wt"), nodes: 2, pods: 1 });
  });
  afterAll(() => mesh?.lab.close());

  it("sees the very same traffic in the clear before, and not after", async () => {
    const before = resultOf(await selfTest(mesh, 1, "encryption"), "encryption");
    expect(before).toMatchObject({ verdict: "skip", figures: { pairsRead: 2 } });
    await mesh.lab.warren("control", "cluster", "set", "cipher=chacha20-poly1305");
    await sealedSessions(mesh.lab, [1, 2], "chacha20-poly1305");
    // Until the change is over: then nobody takes plain packets any more.
    await waitFor("the plain port to be closed", async () => {
      const sockets = mesh.lab.hosts.map((host) => host.run("ss", ["-Hlun", "sport", "=", ":4789"]));
      return (await Promise.all(sockets)).every(({ stdout }) => stdout.trim() === "");
    });
    const after = resultOf(await selfTest(mesh, 1, "encryption"), "encryption");
    expect(after).toMatchObject({ verdict: "pass", figures: { readable: 0, vxlan: 0, direct: 0 } });
  });

  it("sees plain routes in the clear, and the longer packets that they carry are no failure", async () => {
    await mesh.lab.warren("control", "cluster", "set", "cipher=none");
    await mesh.lab.warren("control", "cluster", "set", "encapsulation=never");
    await waitFor(
      "plain routes",
      async () => {
        const outcome = await selfTest(mesh, 1, "encryption", "mtu", "control-plane");
        const { figures } = resultOf(outcome, "encryption");
        return outcome.code === 0 && figures["direct"]! > 0 && figures["vxlan"] === 0;
      },
      { timeoutMs: 60_000 },
    );
  });
}, ["ss"]);
