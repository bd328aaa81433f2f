import { expect, it } from "vitest";
import { renderMatrix, summariseRtt } from "./matrix.ts";

const ping = (from: string, to: string, avg: number | null) => ({
  from,
  to,
  address: "10.244.0.2",
  sent: 3,
  received: avg === null ? 0 : 3,
  rttMs: avg === null ? null : { min: avg, avg, max: avg },
});

it("shows each pair once, itself as a dot, and what was lost as such", () => {
  expect(renderMatrix([ping("a@h1", "b@h2", 0.123), ping("b@h2", "a@h1", null)])).toEqual([
    "  ms      a@h1    b@h2",
    "  a@h1       ·    0.12",
    "  b@h2    lost       ·",
  ]);
});

it("is left out when it would not fit a terminal", () => {
  expect(renderMatrix(Array.from({ length: 13 }, (_, i) => ping(`a${i}`, `a${(i + 1) % 13}`, 1)))).toEqual([]);
});

it("summarises as smallest, middle, largest", () => {
  expect(summariseRtt([ping("a", "b", 3), ping("b", "a", 1), ping("c", "a", 2)])).toBe("1.00 / 2.00 / 3.00 ms");
  expect(summariseRtt([ping("a", "b", null)])).toBe("no answers");
});
