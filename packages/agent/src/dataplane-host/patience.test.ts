import { beforeEach, describe, expect, test } from "vitest";
import { CONTENDED_MS, Patience, QUICK_MS, RETREAT_MS, WINDOW_MS } from "./patience.ts";

/** A processor on which a look takes 1 µs and giving way `others` ms; something to do comes at `readyAt`. */
let now: number;
let readyAt: number;
let others: number;
let calls: { looks: number; blocks: number; waysGiven: number };
let patience: Patience;

beforeEach(() => {
  now = 0;
  readyAt = 0;
  others = 0.001;
  calls = { looks: 0, blocks: 0, waysGiven: 0 };
  patience = new Patience({
    look: () => {
      calls.looks += 1;
      now += 0.001;
      return now >= readyAt;
    },
    block: () => {
      calls.blocks += 1;
      now = Math.max(now, readyAt) + 0.03;
    },
    giveWay: () => {
      calls.waysGiven += 1;
      now += others;
    },
    now: () => now,
  });
});

/** Waits for what comes after `gap` ms. @returns how it was waited for */
function waitFor(gap: number): "found" | "watched" | "blocked" {
  readyAt = now + gap;
  const before = { ...calls };
  patience.wait();
  expect(now).toBeGreaterThanOrEqual(readyAt);
  if (calls.blocks > before.blocks) return "blocked";
  return calls.waysGiven > before.waysGiven ? "watched" : "found";
}

describe("a worker that waits", () => {
  test("goes on at once when there is something", () => {
    expect(waitFor(0)).toBe("found");
  });

  test("blocks the first time, and looks from then on while packets come in quick succession", () => {
    expect(waitFor(0.1)).toBe("blocked");
    for (let i = 0; i < 10; i++) expect(waitFor(0.1)).toBe("watched");
  });

  test("goes on trying when packets come a little slower than it looks: both ends may get quicker", () => {
    waitFor(0.1);
    for (let i = 0; i < 3; i++) expect(waitFor((WINDOW_MS + QUICK_MS) / 2)).toBe("blocked");
    expect(waitFor(0.1)).toBe("watched");
  });

  test("spends nothing at rest: after one long wait it blocks at once", () => {
    waitFor(0.1);
    expect(waitFor(1000)).toBe("blocked");
    const looked = calls.looks;
    expect(waitFor(1000)).toBe("blocked");
    expect(calls.looks).toBe(looked + 1);
  });

  test("never looks for longer than the window", () => {
    waitFor(0.1);
    const from = now;
    waitFor(1000);
    expect(calls.waysGiven * (others + 0.001)).toBeLessThanOrEqual(WINDOW_MS + 2 * (others + 0.001));
    expect(now - from).toBeGreaterThanOrEqual(1000);
  });

  test("gives up at once on a processor that others want, and for a while", () => {
    waitFor(0.1);
    others = 2 * CONTENDED_MS;
    expect(waitFor(0.5)).toBe("blocked");
    expect(calls.waysGiven).toBe(1);
    others = 0.001;
    for (const end = now + RETREAT_MS - 1; now < end; ) expect(waitFor(0.1)).toBe("blocked");
    now += 1;
    expect(waitFor(0.1)).toBe("watched");
  });

  test("takes what came while others ran", () => {
    waitFor(0.1);
    others = 2 * CONTENDED_MS;
    expect(waitFor(CONTENDED_MS)).toBe("watched");
  });
});
