import { expect, test } from "vitest";
import { didYouMean, nearestWord } from "./did-you-mean.ts";

const KEYS = ["pod-cidr", "node-prefix", "data-dir", "run-dir", "vni"];

test("a slip of the finger finds the word that was meant", () => {
  expect(nearestWord("pod-cidrs", KEYS)).toBe("pod-cidr");
  expect(nearestWord("rnu-dir", KEYS)).toBe("run-dir");
  expect(nearestWord("nodeprefix", KEYS)).toBe("node-prefix");
  expect(nearestWord("vin", KEYS)).toBe("vni");
});

test("a word that is near nothing gets the list instead of a wild guess", () => {
  expect(nearestWord("colour", KEYS)).toBeUndefined();
  expect(didYouMean("colour", KEYS)).toBe("; expected one of pod-cidr, node-prefix, data-dir, run-dir, vni");
  expect(didYouMean("datadir", KEYS)).toBe('; did you mean "data-dir"?');
});
