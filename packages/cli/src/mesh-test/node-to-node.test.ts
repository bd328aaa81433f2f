import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh) => runOneOnFake(mesh, "node-to-node");
const between = (one: string, other: string) => (flight: { from: string; to: string }) =>
  [flight.from, flight.to].sort().join() === [one, other].sort().join();

test("every ordered pair, over both families", async () => {
  const { verdict, proven, figures } = await run(new FakeMesh(3));
  expect(verdict).toBe("pass");
  expect(proven).toBe("6 pairs over IPv4 and IPv6: 12 of 12 probes answered");
  expect(figures).toMatchObject({ pairs: 6, probes: 12, answered: 12, answeredLate: 0, medianAnswerMs: 0.25 });
});

test("names the pair that does not reach each other, in both directions, with port and addresses to look at", async () => {
  const mesh = new FakeMesh(3);
  const cut = between("node1", "node3");
  mesh.fate = (flight) => (cut(flight) ? { outcome: "lost" } : undefined);
  const { verdict, proven, failures } = await run(mesh);
  expect(verdict).toBe("fail");
  expect(proven).toContain("8 of 12 probes answered");
  expect(failures.map(({ subject, problem }) => [subject, problem])).toEqual([
    ["node1 → node3", "no answer to 3 tries over IPv4 and IPv6"],
    ["node3 → node1", "no answer to 3 tries over IPv4 and IPv6"],
  ]);
  expect(failures[0]!.next).toContain("UDP port 51820 from 192.0.2.11 to 192.0.2.13");
  expect(failures[0]!.next).toContain("`warren peers` on node1");
});

test("the port of a plain cluster is VXLAN's, and plain routes are mentioned where there may be some", async () => {
  const mesh = new FakeMesh(2);
  mesh.cluster = { ...mesh.cluster, cipher: "none", encapsulation: "cross-subnet" };
  mesh.fate = () => ({ outcome: "lost" });
  const [failure] = (await run(mesh)).failures;
  expect(failure!.next).toContain("UDP port 4789");
  expect(failure!.next).toContain("encapsulation cross-subnet");
  expect(failure!.next).not.toContain("session");
});

test("one family alone is named as such", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ from, target }) =>
    from === "node1" && target.address.includes(":") ? { outcome: "lost" } : undefined;
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "node1 → node2", problem: "no answer to 3 tries over IPv6" },
  ]);
});

test("a node that nobody reaches is one failure", async () => {
  const mesh = new FakeMesh(4);
  mesh.fate = ({ from, to }) => (from === "node2" || to === "node2" ? { outcome: "lost" } : undefined);
  const { failures } = await run(mesh);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ subject: "node2 ↔ every other node" });
});

test("says what a sender, or a listener, could not do", async () => {
  const mesh = new FakeMesh(3);
  mesh.refuse = (node, task) => {
    if (node === "node1" && task.do === "send")
      return new WarrenError("capability-missing" as "not-root", "no CAP_SYS_ADMIN");
    if (node === "node3" && task.do === "listen") return new WarrenError("busy", "2048 listeners are open");
    return undefined;
  };
  const problems = (await run(mesh)).failures.map(({ subject, problem }) => `${subject}: ${problem}`);
  expect(problems).toContain("node1 → node2: node1 could not send: no CAP_SYS_ADMIN over IPv4 and IPv6");
  expect(problems).toContain("node2 → node3: node3 could not listen: 2048 listeners are open over IPv4 and IPv6");
});

test("probes that took a second try pass, and are told of", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ from }) => (from === "node1" ? { tries: 2 } : undefined);
  expect(await run(mesh)).toMatchObject({
    verdict: "pass",
    notes: ["2 probes were answered only when sent again: packets are lost on the way"],
  });
});

test("a small probe that the kernel refuses is no lost one", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ from }) => (from === "node2" ? { outcome: "too-long", tries: 1 } : undefined);
  expect((await run(mesh)).failures[0]!.problem).toContain("refused by the sender's kernel as too long");
});

test("a pair without an address of one family is a failure, not a pair that passes", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node1").addresses = ["10.244.1.1"];
  mesh.node("node2").addresses = ["fd00:77:0:2::1"];
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "node1 → node2", problem: "cannot be tried: the two have no address of one family" },
    { subject: "node2 → node1" },
  ]);
});

test("large meshes are sampled, and the sample is stated", async () => {
  const { proven, figures } = await runOneOnFake(new FakeMesh(12), "node-to-node", { pairs: 40 });
  expect(proven).toMatch(/^36 pairs \(a sample of all 132\) over/);
  expect(figures).toMatchObject({ pairs: 36, probes: 72, answered: 72 });
});

test("asks no more at once than the control plane lets one node ask", async () => {
  const mesh = new FakeMesh(40);
  await run(mesh);
  expect(mesh.mostAtOnce).toBeGreaterThan(1);
  expect(mesh.mostAtOnce).toBeLessThanOrEqual(16);
  const lengths = mesh.asked.flatMap(({ task }) => (task.do === "send" ? [task.targets.length] : []));
  expect(Math.max(...lengths)).toBe(64);
});

test("one node alone has no pair", async () => {
  expect(await run(new FakeMesh(1))).toMatchObject({
    verdict: "skip",
    proven: "only node1 answered: a pair takes two",
  });
});
