import { expect, test } from "vitest";
import { selectNames } from "./select-tests.ts";
import { TEST_NAMES } from "./test-names.ts";

const select = (...patterns: string[]) => selectNames(TEST_NAMES, patterns);

test("without a pattern all, with patterns those that match, in the order of the list", () => {
  expect(select()).toEqual(TEST_NAMES);
  expect(select("mtu", "nodes")).toEqual(["nodes", "mtu"]);
  expect(select("node*")).toEqual(["nodes", "node-to-node"]);
  expect(select("*-to-*", "no-nat")).toEqual(["node-to-node", "pod-to-pod", "no-nat"]);
});

test("! takes away, wherever it stands", () => {
  expect(select("!encryption", "!n*")).toEqual(["control-plane", "pod-to-pod", "mtu"]);
  expect(select("!nodes", "node*")).toEqual(["node-to-node"]);
});

test.each([["mtuu"], ["!mtuu"], ["m?u"], ["mtu", "nothing*"], [""], ["no.nat"]])(
  "%j: what matches no test is an error with the list",
  (...patterns) => {
    expect(() => select(...patterns)).toThrow(
      /no test is named ".*"; expected one of nodes, control-plane, .*, new-pod/,
    );
  },
);

test("a selection of nothing is an error too", () => {
  expect(() => select("mtu", "!m*")).toThrow(/leaves no test/);
});
