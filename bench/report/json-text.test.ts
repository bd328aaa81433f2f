import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText } from "./json-text.ts";

describe("JSON text", () => {
  it("keeps what fits on a line on one, and breaks what does not", () => {
    const sample = { system: "warren", round: 0, value: 1.5 };
    expect(jsonText({ name: "x".repeat(90), samples: [sample, sample] })).toBe(
      [
        "{",
        `  "name": "${"x".repeat(90)}",`,
        '  "samples": [{ "system": "warren", "round": 0, "value": 1.5 }, { "system": "warren", "round": 0, "value": 1.5 }]',
        "}",
      ].join("\n"),
    );
  });

  it("says the same as JSON.stringify", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("leaves out what is undefined, as JSON.stringify does", () => {
    expect(jsonText({ a: undefined, b: [undefined] })).toBe('{ "b": [null] }');
  });
});
