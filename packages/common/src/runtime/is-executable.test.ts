import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isExecutable } from "./is-executable.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-executable-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it("takes a file with the permission, and nothing else", () => {
  const file = join(dir, "program");
  writeFileSync(file, "");
  chmodSync(file, 0o644);
  expect(isExecutable(file)).toBe(false);
  chmodSync(file, 0o755);
  expect(isExecutable(file)).toBe(true);
  expect(isExecutable(dir)).toBe(false);
  expect(isExecutable(join(dir, "absent"))).toBe(false);
});
