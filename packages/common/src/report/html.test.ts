import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { html } from "./html.ts";

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const decode = (markup: string): string => markup.replace(/&(#?\w+);/g, (_, name: string) => ENTITIES[name]!);
/** Any text, most of it made of what markup is made of. */
const nasty = fc.string({
  unit: fc.oneof(fc.constantFrom(...Array.from("<>&\"'/=! -`;")), fc.string({ unit: "binary", maxLength: 1 })),
});

describe("markup from a template", () => {
  it("keeps every text as it is, and free of what could end an element or an attribute", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const { markup } = html`${text}`;
        expect(markup).not.toMatch(/[<>"']/);
        expect(decode(markup)).toBe(text);
      }),
    );
  });

  it("takes in markup as it is, lists of it too, numbers as text, and nothing for null", () => {
    expect(html`<ul>${[1, 2].map((n) => html`<li>${n}</li>`)}</ul>${null}${html`<br>`}`.markup).toBe(
      "<ul><li>1</li><li>2</li></ul><br>",
    );
  });
});
