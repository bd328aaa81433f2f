import { expect, test } from "vitest";
import { areaPath, linePath } from "./chart-path.ts";
import { HISTORY_MS } from "./history.ts";

const SIZE = { width: 120, height: 20 };
const sample = (agoMs: number, tx: number, rx = 0) => ({ atMs: HISTORY_MS - agoMs, tx, rx });

test("now is at the right edge, two minutes ago at the left, the end of the axis at the top", () => {
  const samples = [sample(4000, 0), sample(2000, 50), sample(0, 100)];
  expect(linePath(samples, "tx", HISTORY_MS, 100, SIZE)).toBe("M116.0 20.0L118.0 10.0L120.0 0.0");
  expect(linePath(samples, "rx", HISTORY_MS, 100, SIZE)).toBe("M116.0 20.0L118.0 20.0L120.0 20.0");
  expect(areaPath(samples, HISTORY_MS, 100, SIZE)).toBe("M116.0 20L116.0 20.0L118.0 10.0L120.0 0.0L120.0 20Z");
});

test("a line is broken where nobody looked", () => {
  const samples = [sample(60_000, 100), sample(59_000, 100), sample(1000, 100), sample(0, 100)];
  expect(linePath(samples, "tx", HISTORY_MS, 100, SIZE)).toBe("M60.0 0.0L61.0 0.0M119.0 0.0L120.0 0.0");
});

test("nothing known is nothing drawn", () => {
  expect([linePath([], "tx", 0, 1, SIZE), areaPath([], 0, 1, SIZE)]).toEqual(["", ""]);
});
