import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh, extent = {}) => runOneOnFake(mesh, "pod-to-pod", extent);

test("every ordered pair of pods, those of one node among them", async () => {
  const { verdict, proven } = await run(new FakeMesh(2, 2));
  expect(verdict).toBe("pass");
  expect(proven).toMatch(/^12 pairs, 4 on one node, over IPv4 and IPv6: 24 of 24 probes answered/);
});

test("takes some pods of each node where there are many, and says so", async () => {
  const { notes, figures } = await run(new FakeMesh(2, 9), { podsPerNode: 2 });
  expect(figures).toMatchObject({ pods: 4, podsInMesh: 18, pairs: 12 });
  expect(notes).toEqual(["4 of 18 pods were tested, some of each node: --pods takes more"]);
});

test("gives nodes without a pod one for the test, and takes it away", async () => {
  const mesh = new FakeMesh(3, 0);
  const { verdict, notes, figures } = await run(mesh);
  expect(verdict).toBe("pass");
  expect(figures).toMatchObject({ pods: 3, podsInMesh: 0, pairs: 6 });
  expect(notes).toEqual(["node1, node2, node3 had no pod: each got one for the test, and it was taken away"]);
  expect(mesh.fakes.flatMap(({ pods }) => pods)).toEqual([]);
});

test("a node that cannot make a pod fails by name, and the others are tested", async () => {
  const mesh = new FakeMesh(3, 0);
  mesh.refuse = (node, task) =>
    node === "node2" && task.do === "add-pod"
      ? new WarrenError("addresses-exhausted", "every address is in use")
      : undefined;
  const { failures, proven } = await run(mesh);
  expect(failures).toMatchObject([
    { subject: "node2", problem: "has no pod, and could not make one for the test: every address is in use" },
  ]);
  expect(proven).toContain("4 of 4 probes answered");
});

test("names the pods, and looks between pod and node when the nodes reach each other", async () => {
  const mesh = new FakeMesh(2, 1);
  mesh.fate = ({ from, toPlace }) => (from === "node1" && toPlace === "pod" ? { outcome: "lost" } : undefined);
  const { failures } = await run(mesh);
  expect(failures).toMatchObject([
    { subject: "default/pod-1 on node1 → default/pod-1 on node2", problem: "no answer to 3 tries over IPv4 and IPv6" },
  ]);
  expect(failures[0]!.next).toContain("between node and pod");
  expect(failures[0]!.next).toContain("node1 and node2");
});

test("looks between the nodes when these do not reach each other either", async () => {
  const mesh = new FakeMesh(2, 1);
  mesh.fate = () => ({ outcome: "lost" });
  const { failures } = await run(mesh);
  expect(failures[0]!.next).toMatch(/^the nodes do not reach each other either: UDP port 51820/);
});

test("pods of one node that do not reach each other: it is that node", async () => {
  const mesh = new FakeMesh(2, 2);
  mesh.fate = ({ from, to }) => (from === "node2" && to === "node2" ? { outcome: "lost" } : undefined);
  const { failures } = await run(mesh);
  expect(failures.map(({ subject }) => subject)).toEqual([
    "default/pod-1 on node2 → default/pod-2 on node2",
    "default/pod-2 on node2 → default/pod-1 on node2",
  ]);
  expect(failures[0]!.next).toContain("the forward rules on node2 (");
});

test("a pod that went away meanwhile is named", async () => {
  const mesh = new FakeMesh(2, 1);
  mesh.refuse = (node, task) => {
    if (node === "node2" && task.do === "listen") mesh.node("node2").pods = [];
    return undefined;
  };
  const problems = (await run(mesh)).failures.map(({ problem }) => problem);
  expect(problems).toContain("default/pod-1 on node2 could not listen: no such pod over IPv4 and IPv6");
});

test("one pod alone has no pair", async () => {
  expect(await run(new FakeMesh(1, 1))).toMatchObject({
    verdict: "skip",
    proven: "there is one pod only: a pair takes two",
  });
});
