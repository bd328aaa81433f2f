import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { readReport } from "../read-report.ts";
import type { Report } from "../report.ts";
import { renderReport } from "./page.ts";

const SAMPLE = readReport(fileURLToPath(new URL("../../testdata/made-up-report.json", import.meta.url)));
const page = renderReport(SAMPLE);
const count = (markup: string, what: RegExp): number => [...markup.matchAll(what)].length;
const sectionOf = (name: string): string =>
  page.split('<section class="figure"').find((part) => part.includes(`>${name}</span>`))!;

describe("page", () => {
  it("needs nothing but itself: no script, no link, no address, and the browser is told so", () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|https?:|@import/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it("shows machine, warning, goals and failures before the plots", () => {
    const places = [
      "No Such CPU",
      "Warning:",
      ">Goals<",
      "★",
      "What failed",
      'class="legend"',
      '<section class="figure"',
    ];
    const found = places.map((text) => page.indexOf(text));
    expect(found).not.toContain(-1);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
  });

  it("has a bar with a whisker, and the numbers, for each system of a figure", () => {
    const section = sectionOf("tcp-1");
    expect(count(section, /<tr class="/g)).toBe(6);
    expect(count(section, /<rect class="(own|peer|yardstick)"/g)).toBe(6);
    expect(count(section, /<g class="whisker">/g)).toBe(6);
    expect(section).toContain("Gbit/s, higher is better");
    expect(section).toContain("<td><b>0.69</b><small>0.66–0.81</small></td>");
  });

  it("says in the row of a system that it was not measured, and that a peer is ahead", () => {
    const section = sectionOf("udp-64");
    expect(count(section, /<rect /g)).toBe(5);
    expect(section).toMatch(/<th scope="row">nebula<\/th>.*not measured/);
    expect(section).toContain('<p class="ahead">boringtun is ahead of warren: 1.20×</p>');
  });

  it("names every region, and keeps the drawings from those who read it aloud", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
    expect(count(page, /<svg /g)).toBe(count(page, /<svg [^>]*aria-hidden="true"/g));
  });

  it("keeps any text of a report text", () => {
    const tags = (text: string): string[] =>
      renderReport(withText(text))
        .match(/<[^>]*>/g)!
        .map(nameOf);
    const plain = tags("x");
    const nasty = fc.string({ unit: fc.constantFrom(...Array.from("<>&\"'/=! -x")), minLength: 1 });
    fc.assert(
      fc.property(nasty, (text) => {
        expect(tags(text)).toEqual(plain);
      }),
      { numRuns: 50 },
    );
  });
});

/** Of a tag what counts: its name and those of its attributes. */
const nameOf = (tag: string): string => tag.replace(/="[^"]*"/g, "");

/** The sample with one text wherever a text can be, and at the end of every name. */
function withText(text: string): Report {
  const machine = { ...SAMPLE.machine, cpu: text, kernel: text, tools: { [text]: text }, warnings: [text] };
  const named = (name: string) => `${name}${text}`;
  const suites = SAMPLE.suites.map(({ name, references, systems, figures, samples }) =>
    evaluate({
      name,
      method: text,
      references: references.map(named),
      systems: systems.map(({ name, role }) => ({ name: named(name), role, version: text, about: text })),
      figures: figures.map(({ name, better }) => ({ name: named(name), about: text, unit: text, better })),
      samples: samples.map((sample) => ({ ...sample, system: named(sample.system), figure: named(sample.figure) })),
      failures: [{ system: text, work: text, round: 0, reason: text }],
    }),
  );
  return { ...SAMPLE, started: text, command: text, machine, suites };
}
