import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareRuns } from "../compare-runs.ts";
import { figureOf } from "../figure.ts";
import type { LabKind, LabLine, LabRun } from "../run.ts";
import { renderRun } from "./run-page.ts";

const samples = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6];
const stages = [
  { side: "sender", direction: "egress", stage: "seal", ...figureOf("", "", "cost", samples), share: 0.4 },
] as const;

const cryptoLine = (implementation: string, direction: string, size: number): LabLine => ({
  key: { cipher: "aes-256-gcm", implementation, direction, size, threads: 1 },
  figures: [figureOf("throughput", "GB/s", "speed", samples), figureOf("time", "ns/message", "shown", samples)],
});
const LINES: Record<LabKind, LabLine[]> = {
  crypto: ["openssl", "libsodium"].flatMap((name) =>
    ["seal", "open"].flatMap((direction) => [64, 1408].map((size) => cryptoLine(name, direction, size))),
  ),
  mesh: [
    {
      key: { cipher: "none", load: "tcp", mtu: 1450, streams: 1 },
      figures: [figureOf("throughput", "Gbit/s", "speed", samples)],
      stages,
    },
    {
      key: { cipher: "none", load: "udp", size: 64 },
      figures: [figureOf("packets", "k/s", "speed", samples), figureOf("loss", "%", "shown", [0, 0])],
      stages,
    },
  ],
};

function runOf(kind: LabKind, text = "x"): LabRun {
  const run: LabRun = {
    ...{ format: "warren-lab/1", kind, started: "2026-11-26T00:00:00.000Z" },
    machine: { cpu: text, cores: 2, kernel: text, node: text, openssl: text },
    settings: { repeats: 7, [text]: text },
    lines: LINES[kind].map((line) => ({ ...line, key: { ...line.key, [text]: text } })),
    failures: [{ key: { implementation: text }, reason: text }],
    warnings: [text],
  };
  return { ...run, comparison: compareRuns(run, run, text) };
}

const count = (markup: string, what: RegExp): number => [...markup.matchAll(what)].length;

describe.each(["crypto", "mesh"] as const)("the page of a run of %s", (kind) => {
  const page = renderRun(runOf(kind));

  it("needs nothing but itself, and has no script", () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|https?:|@import/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it("names every region, and keeps the drawings from those who read it aloud", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
    expect(count(page, /<svg /g)).toBe(count(page, /<svg [^>]*aria-hidden="true"/g));
  });

  it("keeps any text of a run text", () => {
    const tags = (text: string): string[] =>
      renderRun(runOf(kind, text))
        .match(/<[^>]*>/g)!
        .map((tag) => tag.replace(/="[^"]*"/g, ""));
    const plain = tags("x");
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("<>&\"'/=! -x")), minLength: 1 }), (text) => {
        expect(tags(text)).toEqual(plain);
      }),
      { numRuns: 30 },
    );
  });
});

it("draws a line for each cipher and implementation, with a dot for each size", () => {
  const page = renderRun(runOf("crypto"));
  expect(count(page, /<polyline points="[^"]+,[^"]+ [^"]+"/g)).toBe(2 * 2 + 2);
  expect(count(page, /<circle /g)).toBe(8);
  expect(page).toContain("no real difference");
});

it("draws a bar for each load that has the figure, and for each stage", () => {
  expect(count(renderRun(runOf("mesh")), /<rect class="c0"/g)).toBe(1 + 1 + 1 + 2);
});
