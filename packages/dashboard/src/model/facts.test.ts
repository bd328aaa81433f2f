import { expect, test } from "vitest";
import { mesh, node, report, settledRows } from "../testing/mesh.ts";
import { factsOf } from "./facts.ts";

function facts(view: ReturnType<typeof mesh>): Record<string, readonly string[]> {
  return Object.fromEntries(
    factsOf(view, settledRows(view), 0).map(({ name, value, detail, tone }) => [name, [value, detail, tone]]),
  );
}

test("a mesh in the clear says so in words, a sealed one with what", () => {
  const plain = mesh([node("a")]);
  expect(facts(plain)["Encryption between nodes"]).toEqual(["Not encrypted", "readable for all on the way", "warn"]);
  const sealed = { ...plain, cluster: { ...plain.cluster, cipher: "chacha20-poly1305" } };
  expect(facts(sealed)["Encryption between nodes"]).toEqual(["ChaCha20-Poly1305", "sealed, UDP port 51820", "good"]);
});

test("nodes are counted by their state, and traffic is the sum of those that are known", () => {
  const view = mesh([
    node("a", { report: report({ txBitsPerSecond: 1e9 }) }),
    node("b", { report: report({ txBitsPerSecond: 5e8 }) }),
    node("c", { state: "down", report: report({ txBitsPerSecond: 7e9 }) }),
    node("f", { foreign: true, report: null }),
  ]);
  expect(facts(view)["Nodes"]).toEqual(["2 ready, 1 down", "and 1 foreign", "bad"]);
  expect(facts(view)["Sent by all nodes"]).toEqual(["1.50 Gbit/s", "of 2 of 3 nodes", "plain"]);
  expect(facts(mesh([]))["Sent by all nodes"]).toEqual(["–", "", "plain"]);
});
