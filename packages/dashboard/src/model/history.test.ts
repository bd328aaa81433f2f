import { expect, test } from "vitest";
import { mesh, node, report } from "../testing/mesh.ts";
import { extendHistories, HISTORY_MS, peakOf } from "./history.ts";

const rates = (tx: number | null, rx: number | null) => report({ txBitsPerSecond: tx, rxBitsPerSecond: rx });

test("a history grows by what each picture tells, and forgets what is older than two minutes", () => {
  let histories = extendHistories(new Map(), mesh([node("a", { report: rates(1, 2) })]), 0);
  histories = extendHistories(histories, mesh([node("a", { report: rates(30, 4) })]), 1000);
  expect(histories.get("id-a")).toEqual([
    { atMs: 0, tx: 1, rx: 2 },
    { atMs: 1000, tx: 30, rx: 4 },
  ]);
  expect(peakOf(histories)).toBe(30);
  histories = extendHistories(histories, mesh([node("a", { report: rates(5, 6) })]), HISTORY_MS);
  expect(histories.get("id-a")!.map((sample) => sample.atMs)).toEqual([1000, HISTORY_MS]);
});

test("what is not known now adds nothing: no rates yet, an old report, no report, a node that is down", () => {
  const nodes = [
    node("no-rates", { report: rates(null, null) }),
    node("old", { report: report({ ageMs: 11_000 }) }),
    node("silent", { report: null }),
    node("down", { state: "down" }),
  ];
  const histories = extendHistories(new Map(), mesh(nodes), 0);
  expect([...histories.values()]).toEqual([[], [], [], []]);
});

test("nodes that are gone are forgotten", () => {
  const histories = extendHistories(new Map(), mesh([node("a"), node("b")]), 0);
  expect([...extendHistories(histories, mesh([node("b")]), 1000).keys()]).toEqual(["id-b"]);
});
