import { expect, test } from "vitest";
import { gsoLimit, MAX_SEND } from "./gso-limit.ts";

test("a super-packet within the limit fits one send, one packet more would not", () => {
  for (const mtu of [1280, 1450, 8950]) {
    const { maxSegments } = gsoLimit(mtu, 128);
    expect(maxSegments * (mtu + 22)).toBeLessThanOrEqual(MAX_SEND);
    expect((maxSegments + 1) * (mtu + 22)).toBeGreaterThan(MAX_SEND);
  }
});

test("small packets are limited by what one send may hold", () => {
  expect(gsoLimit(576, 64).maxSegments).toBe(64);
  expect(gsoLimit(65_000, 64).maxSegments).toBe(1);
});
