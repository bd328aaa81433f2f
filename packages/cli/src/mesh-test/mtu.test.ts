import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh, type Flight } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh) => runOneOnFake(mesh, "mtu");
const isLong = ({ target }: Flight) => (target.sendBytes ?? 0) > 100;

test("packets of exactly the overlay MTU pass, both ways, and one byte more is refused", async () => {
  const mesh = new FakeMesh(3);
  const { verdict, proven, figures } = await run(mesh);
  expect(verdict).toBe("pass");
  expect(proven).toBe("6 pairs: 1450 bytes passed on 12 of 12 ways, one more was refused on 12");
  expect(figures).toMatchObject({ pairs: 6, ways: 12, fit: 12, refused: 12, smallest: 1450, largest: 1450 });
  const sizes = mesh.asked.flatMap(({ task }) =>
    task.do === "send" ? task.targets.map((each) => each.sendBytes) : [],
  );
  expect(new Set(sizes)).toEqual(new Set([undefined, 1450, 1451]));
});

test("a pair takes the smaller of its two MTUs", async () => {
  const mesh = new FakeMesh(3);
  mesh.node("node2").overlayMtu = 1350;
  const { verdict, proven } = await run(mesh);
  expect(verdict).toBe("pass");
  expect(proven).toContain("1350, 1450 bytes");
});

test("a black hole in one direction is that direction, found once", async () => {
  const mesh = new FakeMesh(3);
  mesh.fate = (flight) => {
    const { from, to, target } = flight;
    if (from === "node1" && to === "node2" && isLong(flight)) return { outcome: "lost" };
    // The answer takes the same way when the probe comes from the other side.
    return from === "node2" && to === "node1" && (target.answerBytes ?? 0) > 100 ? { outcome: "lost" } : undefined;
  };
  const { failures } = await run(mesh);
  expect(failures).toMatchObject([
    { subject: "node1 → node2", problem: "packets of 1450 bytes get lost, small ones pass (IPv4 and IPv6)" },
  ]);
  expect(failures[0]!.next).toContain("the 1500 bytes that node1 reckons with: `ping -M do -s 1472 192.0.2.12` there");
});

test("a pair of which nothing passes is left to node-to-node", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ from }) => (from === "node1" ? { outcome: "lost" } : undefined);
  expect((await run(mesh)).failures).toMatchObject([
    {
      subject: "node1 → node2",
      problem: "not shown: packets as small as can be get no answer (IPv4 and IPv6)",
      next: "`warren test node-to-node` first",
    },
  ]);
});

test("a node whose kernel refuses what its agent promises is named", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = (flight) => (flight.from === "node2" && isLong(flight) ? { outcome: "too-long" } : undefined);
  const { failures } = await run(mesh);
  expect(failures[0]).toMatchObject({
    subject: "node2 → node1",
    problem: "refused by node2's own kernel: 1450 bytes, which its overlay MTU allows (IPv4 and IPv6)",
  });
  expect(failures[0]!.next).toContain("`ip route get 10.244.1.1`");
});

test("an answer that the other side may not send is that side's", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ to, target }) =>
    to === "node2" && (target.answerBytes ?? 0) > 100
      ? { outcome: "failed", error: "the answer was too long" }
      : undefined;
  expect((await run(mesh)).failures).toMatchObject([
    {
      subject: "node2 → node1",
      problem:
        "what arrives at node2 with 1450 bytes cannot be answered with as many: the answer was too long (IPv4 and IPv6)",
    },
  ]);
});

test("one byte more that passes is a failure: something fragments", async () => {
  const mesh = new FakeMesh(2);
  mesh.node("node1").overlayMtu = 1460;
  mesh.node("node2").overlayMtu = 1460;
  const promised = { dataplane: undefined };
  for (const name of ["node1", "node2"]) {
    const { status } = await mesh.ask(name, { do: "describe" }, new AbortController().signal);
    Object.assign(promised, { dataplane: { ...status.dataplane, overlayMtu: 1450 } });
    mesh.node(name).status = promised as unknown as typeof status;
  }
  expect((await run(mesh)).failures).toContainEqual(
    expect.objectContaining({
      subject: "node1 → node2",
      problem: "1451 bytes passed in one piece, one more than the overlay MTU of 1450 (IPv4 and IPv6)",
    }),
  );
  // A plain route carries what the underlay carries.
  mesh.cluster = { ...mesh.cluster, cipher: "none", encapsulation: "never" };
  expect(await run(mesh)).toMatchObject({
    verdict: "pass",
    notes: ["one byte more passes on 4 ways: those have plain routes"],
  });
});

test("a sender that cannot send is an error, and no MTU", async () => {
  const mesh = new FakeMesh(2);
  mesh.refuse = (node, task) => (node === "node1" && task.do === "send" ? new WarrenError("busy", "busy") : undefined);
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "node1 → node2", problem: expect.stringContaining("not shown: node1 could not send: busy") },
  ]);
});
