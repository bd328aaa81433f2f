import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loadLibc } from "../platform/linux/libc.ts";
import { createSharedClock } from "./shared-clock.ts";

it("counts from when the machine came up, sleep included", () => {
  const now = createSharedClock(loadLibc());
  const [uptimeSeconds] = readFileSync("/proc/uptime", "utf8").split(" ").map(Number);
  expect(Math.abs(now() / 1000 - uptimeSeconds!)).toBeLessThan(1);
});

it("never goes back, and says the same to all who ask", () => {
  const [one, other] = [createSharedClock(loadLibc()), createSharedClock(loadLibc())];
  let last = one();
  for (let i = 0; i < 1_000; i++) {
    const next = i % 2 === 0 ? other() : one();
    expect(next).toBeGreaterThanOrEqual(last);
    last = next;
  }
});
