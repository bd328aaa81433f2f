import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

type TakeLock = (file: string, say: (line: string) => void) => Promise<() => void>;
const { takeLock } = (await import(new URL("./lock.mjs", import.meta.url).href)) as { takeLock: TakeLock };

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-lock-"));
  file = join(dir, "cache/bootstrap.lock");
});
afterEach(() => rmSync(dir, { recursive: true }));

test("the second waits until the first gives the lock back, and says so once", async () => {
  const said: string[] = [];
  const order: string[] = [];
  const release = await takeLock(file, () => {});
  const second = takeLock(file, (line) => {
    said.push(line);
    // Only now is it certain that the second has found the lock taken.
    order.push("first done");
    release();
  }).then((releaseSecond) => {
    order.push("second in");
    releaseSecond();
  });
  await second;
  expect(order).toEqual(["first done", "second in"]);
  expect(said).toEqual([`another first run is at work (process ${process.pid}); waiting for it`]);
});

test("the lock of a process that died is taken over, and nothing is left behind", async () => {
  const release = await takeLock(file, () => {});
  release();
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(file, `${dead}\n`);
  const takenOver = await takeLock(file, () => {});
  expect(readdirSync(join(dir, "cache"))).toEqual(["bootstrap.lock"]);
  takenOver();
  expect(existsSync(file)).toBe(false);
});
