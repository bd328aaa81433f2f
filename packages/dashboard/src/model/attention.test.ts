import type { MeshNode } from "@warren/common/api/mesh-view.ts";
import { expect, test } from "vitest";
import { link, mesh, node, report, settledRows } from "../testing/mesh.ts";
import { concernsOf } from "./attention.ts";
import { nodeRows } from "./node-row.ts";

function concerns(nodes: readonly MeshNode[], cipher = "none", isSettled = true): string[] {
  const seen = mesh(nodes);
  const view = { ...seen, cluster: { ...seen.cluster, cipher } };
  const rows = isSettled ? settledRows(view) : nodeRows(view, 0, new Map());
  return concernsOf(view, rows).map(({ node, text, isBad }) => `${isBad ? "!" : "?"} ${node}: ${text}`);
}

test("a mesh where all is well needs no attention", () => {
  const peers = [link("b"), link("f", { rttMs: null })];
  expect(
    concerns([node("a", { report: report({ peers }) }), node("b"), node("f", { foreign: true, report: null })]),
  ).toEqual([]);
});

test("the worst comes first, then by name", () => {
  const nodes = [
    node("a", { report: report({ warnings: ["the disk is full"] }) }),
    node("b", { state: "down", lastSeen: "2026-11-26T09:29:30.000Z" }),
    node("c", { report: report({ ageMs: 20_000 }) }),
  ];
  expect(concerns(nodes)).toEqual([
    "! b: down, last heard of 30s ago",
    "? a: the disk is full",
    "? c: ready, but its last report is 20s old",
  ]);
});

test("peers that do not answer are named, those that are down are not: their own line says it", () => {
  const peers = [...["b", "c", "d"].map((peer) => link(peer, { rttMs: null })), link("e")];
  expect(
    concerns([
      node("a", { report: report({ peers }) }),
      node("b"),
      node("c"),
      node("e"),
      node("d", { state: "down", lastSeen: null }),
    ]),
  ).toEqual(["! d: down", "? a: no answer from b, c"]);
});

test("a node that has just begun to report has asked nobody yet", () => {
  const nodes = [node("a", { report: report({ peers: [link("b", { rttMs: null })] }) }), node("b")];
  expect(concerns(nodes, "none", false)).toEqual([]);
});

test("a node without any answer is told as such, with the two reasons there are", () => {
  const peers = [link("b", { rttMs: null }), link("c", { rttMs: null })];
  expect(concerns([node("a", { report: report({ peers }) }), node("b"), node("c")])).toEqual([
    "? a: no answer from any node: it is cut off, or its agent may not send ICMP (CAP_NET_RAW)",
  ]);
});

test("a long list of peers ends with how many more", () => {
  const names = Array.from({ length: 9 }, (_, index) => `n${index + 1}`);
  const peers = [...names.map((peer) => link(peer, { rttMs: null })), link("z")];
  const all = [node("a", { report: report({ peers }) }), ...[...names, "z"].map((name) => node(name))];
  expect(concerns(all)).toEqual(["? a: no answer from n1, n2, n3, n4, n5 and 4 more"]);
});

test("a pair in the clear is bad where the cluster has a cipher", () => {
  const nodes = [node("a", { report: report({ peers: [link("b")] }) }), node("b")];
  expect(concerns(nodes, "aes-256-gcm")).toEqual(["! a: sends in the clear to b, not AES-256-GCM"]);
});
