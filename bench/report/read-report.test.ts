import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkOutputs, publish } from "./publish.ts";
import { readReport } from "./read-report.ts";

const SAMPLE = fileURLToPath(new URL("../testdata/made-up-report.json", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const kept = (content: string): string => {
  const file = join(folder, "report.json");
  writeFileSync(file, content);
  return file;
};

describe("kept reports", () => {
  it("are the same again after they were written and read", () => {
    const report = readReport(SAMPLE);
    const file = join(folder, "again.json");
    publish(report, { json: file, html: null, markdown: false });
    expect(readReport(file)).toEqual(report);
    expect(readFileSync(file, "utf8")).toBe(readFileSync(SAMPLE, "utf8"));
  });

  it("have their medians, ratios and verdicts worked out again from the samples", () => {
    const report = JSON.parse(readFileSync(SAMPLE, "utf8"));
    report.suites[0].figures[0].cells = "tampered with";
    report.suites[0].goals = [];
    expect(readReport(kept(JSON.stringify(report)))).toEqual(readReport(SAMPLE));
  });

  it("of another format, or with a field that is wrong, are refused with the reason", () => {
    expect(() => readReport(kept("{"))).toThrowError(/report\.json is no report .*JSON/);
    expect(() => readReport(kept("null"))).toThrowError(/its format is not given, expected "warren-bench\/2"/);
    expect(() => readReport(kept('{"format":"warren-bench/1"}'))).toThrowError(/its format is "warren-bench\/1"/);
    const report = JSON.parse(readFileSync(SAMPLE, "utf8"));
    report.suites[0].samples[7].value = "fast";
    expect(() => readReport(kept(JSON.stringify(report)))).toThrowError(/suites\.0\.samples\.7\.value: /);
    expect(() => readReport(join(folder, "absent"))).toThrowError(/absent cannot be read: ENOENT/);
  });
});

describe("publishing", () => {
  const report = readReport(SAMPLE);
  const nothing = { json: null, html: null, markdown: false };

  it("prints text, or Markdown, or JSON, and writes the page next to it", () => {
    const html = join(folder, "page.html");
    expect(publish(report, { ...nothing, html })).toMatch(/^No Such CPU, 2 cores/);
    expect(readFileSync(html, "utf8")).toMatch(/^<!doctype html>/);
    expect(publish(report, { ...nothing, markdown: true })).toContain("\n| goal | system |");
    expect(publish(report, { ...nothing, json: "-" })).toBe(readFileSync(SAMPLE, "utf8"));
  });

  it("refuses a file that cannot be written before anything is measured", () => {
    checkOutputs({ json: "-", html: join(folder, "page.html"), markdown: false });
    const html = join(folder, "absent", "page.html");
    expect(() => checkOutputs({ ...nothing, html })).toThrowError(/^--html .*absent\/page.html: its directory/);
  });
});
