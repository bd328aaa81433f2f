import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh) => runOneOnFake(mesh, "control-plane");

test("passes when agents are in step, and says how far", async () => {
  const { verdict, proven, figures } = await run(new FakeMesh(3));
  expect(verdict).toBe("pass");
  expect(proven).toMatch(/^3 of 3 at revision 17, heard at most 1 s ago, clocks within [\d.]+ ms$/);
  expect(figures).toMatchObject({ revision: 17, inStep: 3, oldestSeconds: 1 });
});

test("waits a little for an agent that is behind", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node2").netmap = { revision: 16 };
  mesh.clock.after(3000, () => {
    mesh.node("node2").netmap = { revision: 17 };
  });
  expect(await run(mesh)).toMatchObject({ verdict: "pass" });
});

test("names an agent that stays behind", async () => {
  const mesh = new FakeMesh(3);
  mesh.node("node2").netmap = { revision: 15 };
  const { failures, proven } = await run(mesh);
  expect(failures).toMatchObject([
    { subject: "node2", problem: "is behind: it knows revision 15 of the mesh, others 17" },
  ]);
  expect(proven).toContain("2 of 3 at revision 17");
});

test("names an agent whose knowledge is old, or from disk", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node1").netmap = { ageSeconds: 300 };
  mesh.node("node2").netmap = { source: "disk" };
  expect((await run(mesh)).failures.map(({ subject, problem }) => [subject, problem])).toEqual([
    ["node1", "forwards by what it knew 5m ago, from control"],
    ["node2", "forwards by what it knew 1s ago, from disk"],
  ]);
});

test("names an agent that is not connected, and one that is not ready", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node1").status = { control: { address: "192.0.2.1:7443", connected: false, error: "refused" } };
  mesh.node("node2").status = { ready: false, warnings: ["the packet path broke"] };
  const { failures, notes } = await run(mesh);
  expect(failures.map(({ subject, problem }) => [subject, problem])).toEqual([
    ["node1", "is not connected to the control plane at 192.0.2.1:7443: refused"],
    ["node2", "is not ready: the packet path broke"],
  ]);
  expect(notes).toEqual(["node2: the packet path broke"]);
});

test("shows the warnings of each node without failing", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node2").status = { warnings: ["the netmap on disk is behind: no room"] };
  expect(await run(mesh)).toMatchObject({
    verdict: "pass",
    notes: ["node2: the netmap on disk is behind: no room"],
  });
});

test("names an expired certificate, and how to get another", async () => {
  const mesh = new FakeMesh(1);
  mesh.node("node1").status = { certificateExpires: new Date(mesh.clock.nowMs() - 7_200_000).toISOString() };
  const { failures } = await run(mesh);
  expect(failures).toMatchObject([{ subject: "node1", problem: "its certificate expired 2h ago, by its own clock" }]);
  expect(failures[0]!.next).toContain("warren token create");
});

test.each([
  {
    asker: null,
    nodes: 1,
    off: { node1: 45_000 },
    expected: ["node1", "its clock is 45s ahead of the control plane's"],
  },
  { asker: null, nodes: 3, off: { node2: -90_000 }, expected: ["node2", "its clock is 90s behind the others'"] },
  { asker: "node1", nodes: 2, off: { node2: -40_000 }, expected: ["node2", "its clock is 40s behind node1's"] },
])("names a clock that is off, by how much and against whose: %j", async ({ asker, nodes, off, expected }) => {
  const mesh = new FakeMesh(nodes);
  mesh.asker = asker;
  for (const [name, ms] of Object.entries(off)) mesh.node(name).clockAheadMs = ms!;
  expect((await run(mesh)).failures.map(({ subject, problem }) => [subject, problem])).toEqual([expected]);
});

test("when the control plane's own clock is off, it is named", async () => {
  const mesh = new FakeMesh(3);
  for (const { info } of mesh.fakes) mesh.node(info.name).clockAheadMs = -7_200_000;
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "the control plane", problem: "its clock is 2h ahead of the others'" },
  ]);
});

test("when the asking host's own clock is off, it is named, and not all the others", async () => {
  const mesh = new FakeMesh(4);
  mesh.asker = "node1";
  // As node1 sees it: it is right, and the others are a day ahead.
  for (const name of ["node2", "node3", "node4"]) mesh.node(name).clockAheadMs = 86_400_000;
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "node1", problem: "its clock is 24h behind the others'" },
  ]);
});

test("30 seconds are not yet too much", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node2").clockAheadMs = 29_000;
  expect(await run(mesh)).toMatchObject({ verdict: "pass" });
});

test("without any answer there is nothing to judge", async () => {
  const mesh = new FakeMesh(1);
  mesh.node("node1").error = new WarrenError("unavailable", "down");
  expect(await run(mesh)).toMatchObject({ verdict: "skip" });
});
