import { expect, test } from "vitest";
import { SendCounter } from "./send-counter.ts";

const TWO_32 = 2 ** 32;
const next = (counter: SendCounter) => [counter.low, counter.high];

test("counts from 0, and over into its high word", () => {
  const counter = new SendCounter();
  expect(next(counter)).toEqual([0, 0]);
  expect(counter.draw(1)).toBe(1);
  expect(next(counter)).toEqual([1, 0]);
  const later = new SendCounter(TWO_32 - 2, 41);
  expect(later.draw(5)).toBe(5);
  expect(next(later)).toEqual([3, 42]);
});

test("is worn at 2^60 messages, not before", () => {
  const counter = new SendCounter(TWO_32 - 1, 2 ** 28 - 1);
  expect(counter.isWorn).toBe(false);
  counter.draw(1);
  expect(counter.isWorn).toBe(true);
});

test("ends at REJECT_AFTER_MESSAGES: 2^64 - 2^13 - 1 is never drawn", () => {
  const last = TWO_32 - 8194;
  const counter = new SendCounter(last - 2, TWO_32 - 1);
  expect(counter.isSpent).toBe(false);
  expect(counter.draw(5)).toBe(3);
  expect(next(counter)).toEqual([last + 1, TWO_32 - 1]);
  expect(counter.isSpent).toBe(true);
  expect(counter.draw(1)).toBe(0);
  expect(next(counter)).toEqual([last + 1, TWO_32 - 1]);
});
