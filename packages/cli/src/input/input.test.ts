import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { parseLabels } from "./labels.ts";

test("lengths of time add up", () => {
  expect(parseDuration("90s", "--ttl")).toBe(90_000);
  expect(parseDuration("1h30m", "--ttl")).toBe(5_400_000);
  expect(parseDuration("500ms", "--ttl")).toBe(500);
  expect(parseDuration("7d", "--ttl")).toBe(604_800_000);
});

test("a bare number, a unit alone, nothing and zero are refused", () => {
  for (const text of ["", "90", "h", "1 h", "1w", "-1h", "1.5h", "0s"]) {
    expect(() => parseDuration(text, "--ttl")).toThrow(
      `--ttl: expected a length of time such as 90s, 30m, 1h or 24h, got "${text}"`,
    );
  }
});

test("labels may hold further equal signs and may be empty", () => {
  expect(parseLabels(["app=web", "expr=a=b", "empty="])).toEqual({ app: "web", expr: "a=b", empty: "" });
  expect(parseLabels(["__proto__=x"])).toEqual(Object.fromEntries([["__proto__", "x"]]));
  expect(() => parseLabels(["=x"])).toThrow("expected key=value");
});
