import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

test("passes when every node answers", async () => {
  const result = await runOneOnFake(new FakeMesh(3), "nodes");
  expect(result).toMatchObject({ verdict: "pass", proven: "3 of 3 nodes answered", failures: [], notes: [] });
});

test("names a node that is down, and since when", async () => {
  const mesh = new FakeMesh(3);
  mesh.change("node2", { state: "down", lastSeen: new Date(mesh.clock.nowMs() - 3_600_000).toISOString() });
  mesh.node("node2").error = new WarrenError("unavailable", "node node2 is down");
  const { verdict, proven, failures } = await runOneOnFake(mesh, "nodes");
  expect([verdict, proven]).toEqual(["fail", "2 of 3 nodes answered"]);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ subject: "node2" });
  expect(failures[0]!.problem).toMatch(/^is down, last heard of at 2025-12-31T23:00:00.000Z, 1h ago$/);
  expect(failures[0]!.next).toContain("on node2 (192.0.2.12): `warren status`");
});

test("names a node that is up and does not answer, with what the way to it said", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node1").error = new WarrenError("timeout", "node node1 did not answer within 150 seconds");
  const { failures } = await runOneOnFake(mesh, "nodes");
  expect(failures).toMatchObject([
    { subject: "node1", problem: "does not answer: node node1 did not answer within 150 seconds" },
  ]);
  // Its heartbeats arrive, so the way is there: for what is short.
  expect(failures[0]!.next).toContain("`ping -M do -s 1472 CONTROL`");
});

test("names foreign peers as not tested, without failing", async () => {
  const mesh = new FakeMesh(1);
  mesh.foreign.push({ ...mesh.fakes[0]!.info, name: "rack1", foreign: true, kind: "vxlan", podCidrs: ["10.9.0.0/24"] });
  const { verdict, notes } = await runOneOnFake(mesh, "nodes");
  expect(verdict).toBe("pass");
  expect(notes).toEqual(["rack1 is not tested: a vxlan peer without an agent (10.9.0.0/24)"]);
});

test("a mesh without nodes fails: it proves nothing", async () => {
  expect(await runOneOnFake(new FakeMesh(0), "nodes")).toMatchObject({ verdict: "fail" });
});
