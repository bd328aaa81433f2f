import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LabRun } from "@warren/agent/lab/run.ts";
import { afterAll, expect, test } from "vitest";
import { runWarren } from "../testing/run-warren.ts";

const directory = mkdtempSync(join(tmpdir(), "warren-bench-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** The smallest matrix there is: what is measured is not the point here. */
const SMALL = ["bench", "crypto", "--cipher", "aes-256-gcm", "--threads", "1", "--repeats", "2", "--seconds", "0.001"];

test("bench crypto measures with the real implementations, and compares with a run that was kept", async () => {
  const first = await runWarren([...SMALL, "--size", "64,1408,64", "-o", "json"]);
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const run = JSON.parse(first.stdout) as LabRun;
  expect(run).toMatchObject({ format: "warren-lab/1", kind: "crypto", settings: { repeats: 2, seconds: 0.001 } });
  expect(run.lines.filter(({ key }) => key["implementation"] === "openssl")).toHaveLength(4);
  for (const { figures } of run.lines)
    for (const { median, samples } of figures) {
      expect(samples).toHaveLength(2);
      expect(median).toBeGreaterThan(0);
    }
  // libsodium has no AES-256-GCM in WebAssembly, and says so instead of measuring something else.
  expect(new Set(run.failures.map(({ key }) => key["implementation"]))).toEqual(new Set(["libsodium"]));

  const [kept, page] = [join(directory, "kept.json"), join(directory, "page.html")];
  writeFileSync(kept, first.stdout);
  const second = await runWarren([...SMALL, "--size", "64", "--against", kept, "--html", page]);
  expect(second.code).toBe(0);
  expect(second.stdout).toContain(`against ${kept} of`);
  expect(second.stdout).toContain("note: too few repeats to tell a difference");
  expect(second.stderr).toBe(`page written: ${page}\n`);
  expect(readFileSync(page, "utf8")).toContain("<title>warren bench crypto");
});

test.each([
  [["--cipher", "none"], '--cipher: expected chacha20-poly1305, aes-256-gcm, got "none"'],
  [["--implementation", "mine"], "--implementation: expected openssl, libsodium, node-crypto"],
  [["--size", "65476"], "--size: expected whole numbers from 1 to 65475"],
  [["--seconds", "1m"], "--seconds: expected a number from"],
  [["--html", "/nowhere/page.html"], "its directory does not exist"],
  [["--against", "/nowhere/run.json"], "is no run of `warren bench crypto`"],
])("bench crypto refuses %j before it measures", async (flags, message) => {
  const { code, stdout, stderr } = await runWarren([...SMALL, ...flags]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(existsSync("/nowhere")).toBe(false);
});
