import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { TEST_NAMES } from "./test-names.ts";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOnFake } from "./testing/run-on-fake.ts";

test("all tests pass on a healthy mesh, and leave nothing behind", async () => {
  const mesh = new FakeMesh(3, 0);
  const report = await runOnFake(mesh);
  expect(report.tests.map(({ test: name, verdict }) => [name, verdict])).toEqual(
    TEST_NAMES.map((name) => [name, "pass"]),
  );
  expect(report).toMatchObject({ passed: 8, failed: 0, skipped: 0, timedOut: false, silentNodes: [] });
  expect(report.nodes).toEqual(["node1", "node2", "node3"]);
  expect(mesh.fakes.flatMap(({ pods }) => pods)).toEqual([]);
});

test("what several tests look at is measured once", async () => {
  const mesh = new FakeMesh(2, 1);
  await runOnFake(mesh, ["node-to-node", "pod-to-pod", "no-nat"]);
  expect(mesh.asked.filter(({ task }) => task.do === "describe")).toHaveLength(2);
  expect(mesh.asked.filter(({ task }) => task.do === "send")).toHaveLength(4);
});

test("the share of the progress never goes back, and ends below one", async () => {
  const shares: number[] = [];
  await runOnFake(new FakeMesh(3), TEST_NAMES, { onProgress: (share) => shares.push(share) });
  expect(shares.length).toBeGreaterThan(20);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBeLessThanOrEqual(1);
});

test("at the time limit, what is done is reported and the rest is not done", async () => {
  const mesh = new FakeMesh(2);
  const report = await runOnFake(mesh, ["nodes", "encryption", "new-pod"], { timeoutMs: 1500 });
  expect(report).toMatchObject({ passed: 1, failed: 0, skipped: 2, timedOut: true, nodes: ["node1", "node2"] });
  expect(report.tests[1]!.proven).toBe("not done: the time limit of 1.5 s ran out (--timeout)");
});

test("the user's end is thrown, and pods of the test are taken away first", async () => {
  const mesh = new FakeMesh(3, 0);
  const aborter = new AbortController();
  const reason = new WarrenError("timeout", "interrupted");
  mesh.refuse = (_, task) => {
    if (task.do === "send") aborter.abort(reason);
    return undefined;
  };
  await expect(runOnFake(mesh, ["pod-to-pod"], { signal: aborter.signal })).rejects.toBe(reason);
  expect(mesh.asked.filter(({ task }) => task.do === "add-pod")).toHaveLength(3);
  expect(mesh.fakes.flatMap(({ pods }) => pods)).toEqual([]);
});

test("nodes that cannot be asked are told of in the report, and the others tested", async () => {
  const mesh = new FakeMesh(3);
  mesh.node("node3").error = new WarrenError("unavailable", "down");
  const report = await runOnFake(mesh, ["node-to-node"]);
  expect(report).toMatchObject({ nodes: ["node1", "node2"], silentNodes: ["node3"], passed: 1, failed: 0 });
});

test("a node that is busy is asked again", async () => {
  const mesh = new FakeMesh(2);
  let refused = 0;
  mesh.refuse = () => (refused++ < 5 ? new WarrenError("busy", "later") : undefined);
  expect(await runOnFake(mesh, ["nodes"])).toMatchObject({ passed: 1 });
});

test("a defect ends the run", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node1").overlayMtu = undefined as unknown as number;
  await expect(
    runOnFake(mesh, ["nodes"], {
      onResult: () => {
        throw new TypeError("broken");
      },
    }),
  ).rejects.toThrow("broken");
});
