import { describe, expect, test } from "vitest";
import { checkName } from "./name.ts";

describe("checkName", () => {
  test.each(["a", "0", "web-1", "a.b_c", "a".repeat(63)])("lets %j through", (text) => {
    expect(checkName(text, "pod")).toBe(text);
  });

  test.each(["", "A", ".a", "-a", "_a", "a/b", "..", "a b", "a\n", "ä", "a".repeat(64)])("refuses %j", (text) => {
    expect(() => checkName(text, "pod")).toThrow(expect.objectContaining({ code: "name-invalid" }));
  });

  test("says whose name it is", () => {
    expect(() => checkName("A", "node")).toThrow(/"A" is not a node name/);
  });
});
