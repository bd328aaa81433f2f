import type { MeshNode } from "@warren/common/api/mesh-view.ts";
import { expect, test } from "vitest";
import { link, mesh, node, report, settledRows } from "../testing/mesh.ts";
import { linkMatrix, MOST_DETAILED, MOST_NODES } from "./link-matrix.ts";
import { nodeRows } from "./node-row.ts";

const matrixOf = (nodes: readonly MeshNode[], cipher = "none") => linkMatrix(settledRows(mesh(nodes)), cipher);
const linked = (name: string, ...peers: ReturnType<typeof link>[]) => node(name, { report: report({ peers }) });

test("a cell says how far, how much and how", () => {
  const { columns, rows } = matrixOf([
    linked("b", link("a", { rttMs: 1.5, txBitsPerSecond: null, path: "direct" })),
    linked("a", link("b", { cipher: "aes-256-gcm", session: "up", txBitsPerSecond: 2e9 })),
  ]);
  expect(columns.map((row) => row.node.name)).toEqual(["a", "b"]);
  expect(rows[0]!.cells).toEqual([
    { roundTrip: "", rate: "", how: "", tone: "quiet" },
    { roundTrip: "250 µs", rate: "2.00 Gbit/s", how: "AES-256-GCM up", tone: "plain" },
  ]);
  expect(rows[1]!.cells[0]).toEqual({ roundTrip: "1.50 ms", rate: "–", how: "not sealed, plain route", tone: "plain" });
});

test("every path and session has its words", () => {
  const how = (change: Parameters<typeof link>[1]) =>
    matrixOf([linked("a", link("b", change)), node("b")]).rows[0]!.cells[1]!.how;
  expect(how({})).toBe("not sealed, VXLAN");
  expect(how({ path: "mixed" })).toBe("not sealed, partly plain route");
  expect(how({ cipher: "chacha20-poly1305", session: "handshaking" })).toBe("ChaCha20-Poly1305 handshaking");
  expect(how({ cipher: "unknown" })).toBe("unknown cipher: not sent");
});

test("a pair in the clear stands out where the cluster has a cipher, one without answer everywhere", () => {
  const tone = (change: Parameters<typeof link>[1], cipher: string) =>
    matrixOf([linked("a", link("b", change)), node("b")], cipher).rows[0]!.cells[1]!.tone;
  expect(tone({}, "aes-256-gcm")).toBe("bad");
  expect(tone({}, "none")).toBe("plain");
  expect(tone({ rttMs: null }, "none")).toBe("warn");
});

test("a node that has just begun to report has asked nobody yet", () => {
  const view = mesh([linked("a", link("b", { rttMs: null })), node("b")]);
  const { rows } = linkMatrix(nodeRows(view, 0, new Map()), "none");
  expect(rows[0]!.cells[1]).toMatchObject({ roundTrip: "–", tone: "plain" });
});

test("a node that is down is said to be, one that told nothing leaves its row empty", () => {
  const { rows } = matrixOf([
    linked("a", link("b"), link("c")),
    node("b", { state: "down" }),
    node("c", { report: null }),
  ]);
  const texts = rows.map((row) => row.cells.map((cell) => cell.roundTrip));
  expect(texts).toEqual([
    ["", "down", "250 µs"],
    ["down", "", "down"],
    ["–", "down", ""],
  ]);
});

test("a foreign peer is sent to, and has no row: it tells nothing", () => {
  const { columns, rows } = matrixOf([
    linked("a", link("f", { rttMs: null })),
    node("f", { foreign: true, kind: "vxlan", report: null }),
  ]);
  expect([columns.length, rows.length]).toEqual([2, 1]);
  expect(rows[0]!.cells[1]).toMatchObject({ roundTrip: "–", rate: "1.00 kbit/s", tone: "plain" });
});

test("many nodes are cut to what a browser can draw, and say so", () => {
  const nodes = Array.from({ length: 200 }, (_, index) => node(`n${index}`));
  const { columns, rows, left, isDetailed } = matrixOf(nodes);
  expect([columns.length, rows.length, left, isDetailed]).toEqual([MOST_NODES, MOST_NODES, 200 - MOST_NODES, false]);
  expect(matrixOf(nodes.slice(0, MOST_DETAILED)).isDetailed).toBe(true);
});
