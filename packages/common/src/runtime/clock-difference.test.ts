import { expect, it } from "vitest";
import { clockOff, describeClock, spanText } from "./clock-difference.ts";

it.each([
  [0, "0 s"],
  [42_400, "42 s"],
  [60_000, "1 min"],
  [119_000, "1 min 59 s"],
  [3_600_000, "1 h"],
  [86_340_000, "23 h 59 min"],
  [86_399_000, "1 d"],
  [100 * 3_600_000, "4 d 4 h"],
])("%d ms are %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

it("says which way a clock is off, and what to do", () => {
  expect(describeClock(86_340_000)).toMatch(
    /^the clock of this host is 23 h 59 min ahead of the control plane's; set it/,
  );
  expect(describeClock(-120_000)).toMatch(/is 2 min behind the control plane's; set it/);
  expect(clockOff(-120_000)).toMatchObject({ code: "clock-off", retryable: true });
});
