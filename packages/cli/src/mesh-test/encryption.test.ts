import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh) => runOneOnFake(mesh, "encryption");

test("sealed: sealed datagrams were seen of every pair, and nothing could be read", async () => {
  const { verdict, proven, figures } = await run(new FakeMesh(3));
  expect(verdict).toBe("pass");
  expect(proven).toMatch(/^6 of 6 pairs sealed with aes-256-gcm: \d+ sealed datagrams looked at, 0 readable$/);
  expect(figures["wireguard"]).toBeGreaterThan(12);
  expect(figures).toMatchObject({ pairs: 6, vxlan: 0, direct: 0, readable: 0 });
});

test.each([
  {
    what: "readable VXLAN",
    seen: { vxlan: 3, readable: 3 },
    problem: /content of 3 packets could be read on eth0: 3 VXLAN/,
  },
  { what: "plain packets", seen: { direct: 2, readable: 2 }, problem: /content of 2 packets .*2 plain/ },
  {
    what: "VXLAN of another session",
    seen: { vxlan: 1 },
    problem: /packets that are not sealed were seen on eth0: 1 VXLAN/,
  },
])("sealed: $what on the wire fails, and names the pair", async ({ seen, problem }) => {
  const mesh = new FakeMesh(3);
  mesh.sight = (node, peer, all) => (node === "node1" && peer === "node3" ? { ...all, ...seen } : all);
  const { verdict, proven, failures } = await run(mesh);
  expect(verdict).toBe("fail");
  expect(proven).toMatch(/^5 of 6 pairs/);
  expect(failures).toMatchObject([{ subject: "node1 → node3", problem: expect.stringMatching(problem) }]);
  expect(failures[0]!.next).toContain("`warren status` on node1 and node3");
});

test("sealed: a capture that sees nothing of what passed proves nothing", async () => {
  const mesh = new FakeMesh(2);
  mesh.sight = (node, _, all) => (node === "node2" ? { ...all, wireguard: 0 } : all);
  const { failures } = await run(mesh);
  expect(failures).toMatchObject([
    {
      subject: "node2 → node1",
      problem: expect.stringMatching(/^not shown: \d+ probes passed, and no sealed datagram was seen/),
    },
  ]);
  expect(failures[0]!.next).toContain("`ip route get 192.0.2.11` on node2");
});

test("sealed: a pair of which nothing passes proves nothing", async () => {
  const mesh = new FakeMesh(2);
  mesh.fate = ({ from }) => (from === "node1" ? { outcome: "lost" } : undefined);
  expect((await run(mesh)).failures).toMatchObject([
    { subject: "node1 → node2", problem: "not shown: no probe passed, so there was nothing to look at" },
  ]);
});

test("sealed: a node that cannot capture is named", async () => {
  const mesh = new FakeMesh(2);
  mesh.refuse = (node, task) =>
    node === "node1" && task.do === "capture" ? new WarrenError("not-root", "no permission") : undefined;
  const { failures } = await run(mesh);
  expect(failures).toMatchObject([
    { subject: "node1 → node2", problem: "not shown: node1 could not look: no permission" },
  ]);
  expect(failures[0]!.next).toContain("CAP_NET_RAW");
});

test.each([
  { encapsulation: "always", ways: "VXLAN" },
  { encapsulation: "never", ways: "plain routes" },
] as const)(
  "plain, $encapsulation: skipped, and the capture read everything: it sees",
  async ({ encapsulation, ways }) => {
    const mesh = new FakeMesh(2);
    mesh.cluster = { ...mesh.cluster, cipher: "none", encapsulation };
    expect(await run(mesh)).toMatchObject({
      verdict: "skip",
      proven: `not encrypted: cipher is none (\`warren cluster set cipher=aes-256-gcm\` seals); the probes of 2 of 2 pairs were read on the wire, in ${ways}`,
      figures: { pairs: 2, pairsRead: 2 },
    });
  },
);

test("plain: a capture that reads nothing says so", async () => {
  const mesh = new FakeMesh(2);
  mesh.cluster = { ...mesh.cluster, cipher: "none" };
  mesh.sight = (_, __, all) => ({ ...all, vxlan: 0, readable: 0 });
  expect((await run(mesh)).proven).toContain("were not read on the wire either");
  mesh.refuse = (_, task) => (task.do === "capture" ? new WarrenError("not-root", "no permission") : undefined);
  expect((await run(mesh)).notes).toEqual(["node1 could not look at its underlay: no permission"]);
});

test("each sender has a session of its own, which its capture searches for", async () => {
  const mesh = new FakeMesh(3);
  await run(mesh);
  const captures = mesh.asked.flatMap(({ node, task }) => (task.do === "capture" ? [[node, task.session]] : []));
  expect(new Set(captures.map(([, session]) => session)).size).toBe(3);
  for (const [node, session] of captures) {
    const senders = mesh.asked.filter(({ task }) => task.do === "send" && task.session === session);
    expect(new Set(senders.map((each) => each.node))).toEqual(new Set([node]));
    expect(senders.length).toBeGreaterThan(1);
  }
});
