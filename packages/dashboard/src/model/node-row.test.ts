import { expect, test } from "vitest";
import { mesh, node, report } from "../testing/mesh.ts";
import { nodeRows, sortRows } from "./node-row.ts";

const rowOf = (change: Parameters<typeof node>[1], elapsedMs = 0) =>
  nodeRows(mesh([node("a", change)]), elapsedMs, new Map())[0]!;

test("a node that reports is current, until its report grows old on this page", () => {
  expect(rowOf({})).toMatchObject({ state: "ready", stateText: "ready", note: "", ageMs: 500, isCurrent: true });
  expect(rowOf({}, 10_000)).toMatchObject({ ageMs: 10_500, isCurrent: false });
});

test("a node that is down says for how long, by the control plane's clock", () => {
  const down = { state: "down", lastSeen: "2026-11-26T09:29:26.000Z" } as const;
  expect(rowOf(down)).toMatchObject({ state: "down", stateText: "down 34s", downMs: 34_000, isCurrent: false });
  expect(rowOf(down, 6000).stateText).toBe("down 40s");
  expect(rowOf({ state: "down", lastSeen: null }).stateText).toBe("down");
});

test("what is to be said beside the state: no report, warnings, a netmap that is behind", () => {
  expect(rowOf({ report: null })).toMatchObject({ note: "no report yet", isCurrent: false });
  expect(rowOf({ report: report({ warnings: ["x", "y"], appliedRevision: 5 }) }).note).toBe(
    "2 warnings, at revision 5",
  );
  expect(rowOf({ state: "down", report: null }).note).toBe("");
});

test("a foreign peer is shown as what it speaks", () => {
  const foreign = { foreign: true, report: null } as const;
  expect(rowOf({ ...foreign, kind: "wireguard" })).toMatchObject({
    state: "foreign",
    stateText: "WireGuard peer",
    note: "",
  });
  expect(rowOf({ ...foreign, kind: "vxlan" }).stateText).toBe("VXLAN peer");
});

test("rows are ordered by name, by what is wrong, or from the largest figure", () => {
  const rows = nodeRows(
    mesh([
      node("n10", { report: report({ txBitsPerSecond: 5, rxBitsPerSecond: 1, drops: 2 }) }),
      node("n9", { report: report({ txBitsPerSecond: null, rxBitsPerSecond: 9, drops: 8 }) }),
      node("n1", { state: "down", report: report({ txBitsPerSecond: 99 }) }),
      node("f", { foreign: true, report: null }),
    ]),
    0,
    new Map(),
  );
  const order = (key: Parameters<typeof sortRows>[1]) => sortRows(rows, key).map((row) => row.node.name);
  expect(order("name")).toEqual(["f", "n1", "n9", "n10"]);
  expect(order("state")).toEqual(["n1", "n9", "n10", "f"]);
  // The rate of a node that is down is of the past.
  expect(order("sent")).toEqual(["n10", "f", "n1", "n9"]);
  expect(order("received")).toEqual(["n9", "n10", "f", "n1"]);
  expect(order("drops")).toEqual(["n9", "n10", "n1", "f"]);
});
