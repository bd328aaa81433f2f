import { expect, test } from "vitest";
import { mesh, node, report } from "../testing/mesh.ts";
import { mergeMesh } from "./merge-mesh.ts";

test("a report that the next picture does not have is kept, older by the time between them", () => {
  const before = mesh([node("a", { report: report({ ageMs: 400, drops: 3 }) }), node("b"), node("gone")]);
  const after = mesh([
    node("a", { report: null }),
    node("b", { report: report({ drops: 9 }) }),
    node("new", { report: null }),
  ]);
  const merged = mergeMesh(before, after, 30_000);
  expect(merged.nodes.map(({ name, report }) => [name, report?.ageMs, report?.drops])).toEqual([
    ["a", 30_400, 3],
    ["b", 500, 9],
    ["new", undefined, undefined],
  ]);
});

test("the first picture is taken as it is", () => {
  const first = mesh([node("a", { report: null })]);
  expect(mergeMesh(null, first, 0)).toBe(first);
});
