import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh) => runOneOnFake(mesh, "new-pod");

test("a new pod on every node, reached from the next, and taken away", async () => {
  const mesh = new FakeMesh(3, 1);
  const { verdict, proven, figures } = await run(mesh);
  expect(verdict).toBe("pass");
  expect(proven).toMatch(/^3 of 3 new pods reached: median [\d.]+ ms, at most [\d.]+ ms, after it was made/);
  expect(figures).toMatchObject({ pods: 3, reached: 3 });
  expect(figures["maxTotalMs"]).toBeGreaterThanOrEqual(figures["maxReachedMs"]!);
  expect(mesh.fakes.map(({ pods }) => pods.length)).toEqual([1, 1, 1]);
  const senders = mesh.asked.filter(({ task }) => task.do === "send").map(({ node }) => node);
  expect(senders).toEqual(["node2", "node3", "node1"]);
});

test("one that is slow to reach passes, with its time", async () => {
  const mesh = new FakeMesh(2);
  let tries = 0;
  mesh.fate = ({ to }) => (to === "node2" && ++tries <= 4 ? { outcome: "lost" } : undefined);
  const { verdict, figures } = await run(mesh);
  expect(verdict).toBe("pass");
  expect(figures["maxReachedMs"]).toBeGreaterThan(1000);
});

test("one that is never reached fails with its node, who tried, and where to look", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ to, target }) => (to === "node2" && target.address.includes(".") ? { outcome: "lost" } : undefined);
  const { failures, proven } = await run(mesh);
  expect(proven).toMatch(/^1 of 2 new pods reached/);
  expect(failures).toMatchObject([
    { subject: "node1 → a new pod on node2", problem: "not reached within 10.0 s: no answer from 10.244.2.3" },
  ]);
  expect(failures[0]!.next).toContain("UDP port 51820 from 192.0.2.11 to 192.0.2.12");
  expect(mesh.fakes.map(({ pods }) => pods.length)).toEqual([1, 1]);
});

test("a node that cannot make a pod is named", async () => {
  const mesh = new FakeMesh(2);
  mesh.refuse = (node, task) =>
    node === "node1" && task.do === "add-pod"
      ? new WarrenError("addresses-exhausted", "no address is left")
      : undefined;
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "node1", problem: "could not make a pod: no address is left" },
  ]);
});

test("a node alone reaches for its own pod, and that is said", async () => {
  expect(await run(new FakeMesh(1))).toMatchObject({
    verdict: "pass",
    notes: ["there is one node only: it reached for its own pod"],
  });
});

test("of very many nodes some are tried, and that is said", async () => {
  const { figures, notes } = await run(new FakeMesh(60, 0));
  expect(figures).toMatchObject({ pods: 25, reached: 25 });
  expect(notes).toEqual(["tried on 25 of 60 nodes, spread over all"]);
});
