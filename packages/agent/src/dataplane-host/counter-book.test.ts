import { expect, test } from "vitest";
import { COUNTER_SLOTS, peerCounters } from "../dataplane/counters.ts";
import { CounterBook } from "./counter-book.ts";

const OFFLOADS = { tunVnetHdr: true, tunTso: true, tunUso: true, udpSegment: true, udpGro: true };

test("a node keeps its counters while it is out of the view", () => {
  const book = new CounterBook();
  const counters = new Float64Array(book.memory);
  const slot = book.assign(["a", "b"])("b");
  counters[peerCounters(slot)] = 5;
  book.assign(["a"]);
  expect(book.stats(["a"], OFFLOADS, []).total.txPackets).toBe(5);
  expect(book.assign(["c", "b"])("b")).toBe(slot);
  expect(book.stats(["c", "b"], OFFLOADS, []).peers!.get("b")!.txPackets).toBe(5);
});

test("when all slots are given out, a new node gets that of the node that left longest ago, from zero", () => {
  const book = new CounterBook();
  const counters = new Float64Array(book.memory);
  const ids = Array.from({ length: COUNTER_SLOTS }, (_, i) => `n${i}`);
  book.assign(ids);
  book.assign(ids.slice(0, 3));
  counters[peerCounters(3)] = 9;
  const slotOf = book.assign(["new", "n0"]);
  expect(slotOf("new")).toBe(3);
  expect(slotOf("n0")).toBe(0);
  expect(book.stats(["new"], OFFLOADS, []).peers!.get("new")!.txPackets).toBe(0);
});
