import type { MeshView } from "@warren/common/api/mesh-view.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mesh, node } from "../testing/mesh.ts";
import { type FeedState, MeshFeed, PERIOD_MS, TIMEOUT_MS } from "./mesh-feed.ts";

let isVisible: boolean;
let states: FeedState[];
/** Questions that are waiting, oldest first. */
let questions: { answer: (view: MeshView) => void; fail: (error: Error) => void }[];
let asked: number;
let feed: MeshFeed;

beforeEach(() => {
  vi.useFakeTimers();
  isVisible = true;
  states = [];
  questions = [];
  asked = 0;
  feed = new MeshFeed(
    {
      nowMs: () => Date.now(),
      isVisible: () => isVisible,
      fetchMesh: (signal) =>
        new Promise((answer, fail) => {
          asked++;
          questions.push({ answer, fail });
          signal.addEventListener("abort", () => fail(new Error("aborted")));
        }),
    },
    (state) => states.push(state),
  );
  feed.start();
});

afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const answer = async (view = mesh([])) => {
  questions.shift()!.answer(view);
  await pass(0);
};

test("it asks at once, and then once a period from question to question", async () => {
  await pass(PERIOD_MS / 2);
  await answer();
  expect([asked, states.length]).toEqual([1, 1]);
  await pass(PERIOD_MS / 2 - 1);
  expect(asked).toBe(1);
  await pass(1);
  expect(asked).toBe(2);
});

test("a slow answer is waited for: there are never two questions at once", async () => {
  await pass(3 * PERIOD_MS);
  feed.wake();
  expect(asked).toBe(1);
  await answer();
  expect(asked).toBe(2);
});

test("a page that is not seen asks nothing, and asks at once when it is seen again", async () => {
  isVisible = false;
  await answer();
  await pass(60_000);
  expect(asked).toBe(1);
  isVisible = true;
  feed.wake();
  expect(asked).toBe(2);
});

test("what failed is told with the time since when, the last picture stays, and an answer ends it", async () => {
  const seen = mesh([node("a")]);
  await answer(seen);
  await pass(PERIOD_MS);
  const failedAt = Date.now();
  for (const why of ["no connection", "it answers 503"]) {
    questions.shift()!.fail(new Error(why));
    await pass(PERIOD_MS);
    expect(states.at(-1)).toMatchObject({ mesh: seen, failure: { sinceMs: failedAt, message: why } });
  }
  await answer();
  expect(states.at(-1)!.failure).toBeNull();
});

test("no answer at all counts as a failure after a while", async () => {
  await pass(TIMEOUT_MS);
  expect(states.at(-1)).toMatchObject({ mesh: null, failure: { message: "no answer in 5 s" } });
  await pass(1);
  expect(asked).toBe(2);
});

test("after stop nothing is asked and nothing is told", async () => {
  feed.stop();
  await pass(60_000);
  expect([asked, states.length]).toEqual([1, 0]);
});
