import { expect, test } from "vitest";
import { mesh, node, report, settledRows } from "../testing/mesh.ts";
import { matches } from "./filter.ts";
import { countPods, podRows } from "./pod-rows.ts";

const pod = (namespace: string, name: string, address: string) => ({ namespace, name, addresses: [address] });
const rows = settledRows(
  mesh([
    node("a", { report: report({ pods: [pod("shop", "web", "10.244.0.10"), pod("default", "web", "10.244.0.9")] }) }),
    node("b", { state: "down", report: report({ pods: [pod("shop", "cart", "fd00:77::2")] }) }),
    node("c", { report: null }),
  ]),
);
const shown = (filter: string) => podRows(rows, filter).map((row) => `${row.namespace}/${row.name}@${row.node}`);

test("pods of all nodes, by namespace and name", () => {
  expect(shown("")).toEqual(["default/web@a", "shop/cart@b", "shop/web@a"]);
  expect(podRows(rows, "").map((row) => row.isCurrent)).toEqual([true, false, true]);
});

test("a filter finds words of any column", () => {
  expect(shown("WEB shop")).toEqual(["shop/web@a"]);
  expect(shown("fd00:77")).toEqual(["shop/cart@b"]);
  expect(shown("nothing")).toEqual([]);
});

test("pods that a large mesh leaves out are counted all the same", () => {
  const pods = [pod("default", "a", "10.244.0.2")];
  const nodes = [node("a", { report: report({ podCount: 900, pods }) }), node("b", { report: null })];
  expect(countPods(settledRows(mesh(nodes)))).toEqual({ total: 900, untold: 899 });
});

test("an empty filter, or one of blanks, lets everything through", () => {
  expect([matches("", []), matches("  ", ["x"]), matches("y", ["x"])]).toEqual([true, true, false]);
});
