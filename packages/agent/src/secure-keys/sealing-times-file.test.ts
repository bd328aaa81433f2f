import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { SealingTimesFile } from "./sealing-times-file.ts";

let dir: string;
let clock: VirtualClock;
let times: Record<string, string>;
let warnings: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-times-"));
  clock = new VirtualClock();
  times = {};
  warnings = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

const logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
const open = () => new SealingTimesFile(dir, clock, logger, () => times);
const path = () => join(dir, "sealing-times.json");

it("is empty without a file, and has what was written after a restart", () => {
  expect(open().read()).toEqual({});
  const file = open();
  times = { key: "time" };
  file.touch();
  expect(open().read()).toEqual({ key: "time" });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  rmSync(path());
  expect(open().read()).toEqual({});
});

it("writes a change at once, then at most one a second, and always the last", async () => {
  const writes = vi.spyOn(StateFile.prototype, "write");
  const file = open();
  for (let i = 0; i < 100; i++) {
    times = { key: String(i) };
    file.touch();
    await clock.advance(25);
  }
  expect(writes.mock.calls.length).toBeGreaterThan(2);
  expect(writes.mock.calls.length).toBeLessThan(5);
  await clock.advance(1_000);
  expect(open().read()).toEqual({ key: "99" });
  const before = writes.mock.calls.length;
  await clock.advance(10_000);
  file.flush();
  expect(writes.mock.calls.length).toBe(before);
});

it("writes what waits when it is told to", async () => {
  const file = open();
  file.touch();
  times = { key: "last" };
  file.touch();
  file.flush();
  expect(open().read()).toEqual({ key: "last" });
  await clock.advance(5_000);
});

it("goes on with a disk that takes nothing, says so once, and catches up", async () => {
  const file = open();
  // In the way of the temporary file.
  mkdirSync(`${path()}.new`);
  for (let i = 0; i < 3; i++) {
    times = { key: String(i) };
    file.touch();
    await clock.advance(1_500);
  }
  expect(warnings).toHaveLength(1);
  rmSync(`${path()}.new`, { recursive: true });
  file.touch();
  await clock.advance(1_000);
  expect(open().read()).toEqual({ key: "2" });
});

it("refuses a damaged file, and says that nothing is lost without it", () => {
  writeFileSync(path(), "{}");
  expect(() => open().read()).toThrow(expect.objectContaining({ code: "state-corrupt" }));
  expect(() => open().read()).toThrow(/remove it: .*lets nobody in/);
});
