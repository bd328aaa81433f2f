import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { mapLimit } from "./map-limit.ts";

it("keeps the order of the results and the limit", async () => {
  let running = 0;
  let most = 0;
  const results = await mapLimit([3, 1, 2, 0], 2, async (value) => {
    most = Math.max(most, ++running);
    await delay(value);
    running -= 1;
    return value * 10;
  });
  expect(results).toEqual([30, 10, 20, 0]);
  expect(most).toBe(2);
});

it("begins nothing after an error, and throws it", async () => {
  const begun: number[] = [];
  const failing = mapLimit([1, 2, 3], 1, async (value) => {
    begun.push(value);
    throw new Error(`no ${value}`);
  });
  await expect(failing).rejects.toThrow("no 1");
  expect(begun).toEqual([1]);
});
