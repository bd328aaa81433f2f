import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readReport } from "../read-report.ts";
import { rewriteFigures } from "./figures-section.ts";

const inRepository = (file: string): string => fileURLToPath(new URL(`../../../${file}`, import.meta.url));

describe("figures in docs/benchmarks.md", () => {
  it("are what the kept data says; npm run docs writes them", () => {
    const document = readFileSync(inRepository("docs/benchmarks.md"), "utf8");
    expect(rewriteFigures(document, (file) => readReport(inRepository(file)))).toBe(document);
  });

  it("are from a file that says the same as its own samples", () => {
    const document = readFileSync(inRepository("docs/benchmarks.md"), "utf8");
    const [, file] = /<!-- figures of (\S+) -->/.exec(document)!;
    const stored = JSON.parse(readFileSync(inRepository(file!), "utf8"));
    const { suites } = readReport(inRepository(file!));
    expect(stored.suites.map(({ figures }: { figures: unknown }) => figures)).toEqual(
      suites.map(({ figures }) => figures),
    );
  });

  it("replace what is between the markers and nothing else", () => {
    const sample = readReport(inRepository("bench/testdata/made-up-report.json"));
    const written = rewriteFigures(
      "before\n<!-- figures of a.json -->\nold\n<!-- end of figures -->\nafter\n",
      (file) => {
        expect(file).toBe("a.json");
        return { ...sample, command: "$& and $1" };
      },
    );
    expect(written).toMatch(
      /^before\n<!-- figures of a\.json -->\n\nEvery sample .*a\.json\)\.\n\n2026-01-02; `\$& and \$1`;/,
    );
    expect(written).toMatch(/\n<!-- end of figures -->\nafter\n$/);
    expect(written).not.toContain("old");
    expect(written).toContain("| warren | kernel-vxlan | 0.69 × (0.66–0.81) | ≥ 0.65 | ≥ 0.9 | floor reached |");
    expect(written).toContain("\n- udp-64: boringtun is ahead of warren: 1.20×\n");
  });

  it("need their markers", () => {
    expect(() => rewriteFigures("text", () => expect.fail())).toThrowError(/no <!-- figures of FILE -->/);
  });
});
