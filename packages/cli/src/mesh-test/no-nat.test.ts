import { expect, test } from "vitest";
import { FakeMesh } from "./testing/fake-mesh.ts";
import { runOneOnFake } from "./testing/run-on-fake.ts";

const run = (mesh: FakeMesh) => runOneOnFake(mesh, "no-nat");

test("passes when every listener saw the sender's own address", async () => {
  const { verdict, proven } = await run(new FakeMesh(2, 1));
  expect([verdict, proven]).toEqual(["pass", "8 of 8 probes arrived with the sender's own address"]);
});

test("names the pair, the addresses and the node whose rules to look at", async () => {
  const mesh = new FakeMesh(2, 1);
  mesh.fate = ({ from, fromPlace, target }) =>
    from === "node1" && fromPlace === "pod" && !target.address.includes(":") ? { seenAs: "10.244.1.1" } : undefined;
  const { failures } = await run(mesh);
  expect(failures).toMatchObject([
    {
      subject: "default/pod-1 on node1 → default/pod-1 on node2",
      problem: "default/pod-1 on node2 sees 10.244.1.2 as 10.244.1.1",
    },
  ]);
  expect(failures[0]!.next).toContain("masquerade or snat rule on node1, then on node2");
});

test("another way to write the same address is no NAT", async () => {
  const mesh = new FakeMesh(2, 0);
  mesh.fate = ({ from, target }) =>
    from === "node1" && target.address.includes(":")
      ? { seenAs: "fd00:0077:0000:1:0::0001", sentFrom: "fd00:77:0:1::1" }
      : undefined;
  expect(await run(mesh)).toMatchObject({ verdict: "pass" });
});

test("probes that came to nothing show nothing, and that is said", async () => {
  const mesh = new FakeMesh(2, 1);
  mesh.fate = ({ from }) => (from === "node1" ? { outcome: "lost" } : undefined);
  expect((await run(mesh)).notes).toEqual(["4 of 8 probes came to nothing, and show nothing about addresses"]);
  mesh.fate = () => ({ outcome: "lost" });
  expect(await run(mesh)).toMatchObject({ verdict: "skip", proven: "no probe was answered, so no address was seen" });
});
