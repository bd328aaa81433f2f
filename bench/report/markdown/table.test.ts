import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { table } from "./table.ts";

describe("Markdown table", () => {
  it("has a head, a rule and a line for each row", () => {
    expect(table(["a", "b"], [["1", "2"]])).toBe("| a | b |\n|---|---|\n| 1 | 2 |");
  });

  it("has the same cells whatever text is in them, and no tag or end of a comment", () => {
    const nasty = fc.string({ unit: fc.constantFrom(...Array.from("|\\<>-\n x")) });
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        const lines = table(["a", "b"], [[a, b]]).split("\n");
        expect(lines).toHaveLength(3);
        expect(lines[2]!.replaceAll("\\\\", "").replaceAll("\\|", "").split("|")).toHaveLength(4);
        expect(lines[2]).not.toMatch(/<|-->/);
      }),
    );
  });
});
