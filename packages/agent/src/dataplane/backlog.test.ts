import fc from "fast-check";
import { expect, test } from "vitest";
import { BACKLOG_CELLS, BACKLOG_PER_PEER, Backlog } from "./backlog.ts";

const CELL = 64;

function packet(number: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function drain(backlog: Backlog, slot: number): number[] {
  const out = new Uint8Array(CELL);
  const numbers: number[] = [];
  while (backlog.take(slot, out, 0) > 0) numbers.push(new DataView(out.buffer).getUint32(0));
  return numbers;
}

test("gives packets back in their order, each peer its own", () => {
  const backlog = new Backlog(4, CELL);
  for (let i = 0; i < 6; i++) expect(backlog.add(i & 1, packet(i), 0, 8)).toBe(0);
  expect(drain(backlog, 0)).toEqual([0, 2, 4]);
  expect(drain(backlog, 1)).toEqual([1, 3, 5]);
  expect(drain(backlog, 2)).toEqual([]);
});

test("drops the oldest of a peer for a newer one", () => {
  const backlog = new Backlog(1, CELL);
  let dropped = 0;
  for (let i = 0; i < BACKLOG_PER_PEER + 5; i++) dropped += backlog.add(0, packet(i), 0, 8);
  expect(dropped).toBe(5);
  expect(drain(backlog, 0)[0]).toBe(5);
});

test("is full at some point, and then has a place for a peer with nothing waiting, at the cost of those with many", () => {
  const full = BACKLOG_CELLS / BACKLOG_PER_PEER;
  const late = [full, full + 1];
  const backlog = new Backlog(full + 2, CELL);
  for (let slot = 0; slot < full; slot++)
    for (let i = 0; i < BACKLOG_PER_PEER; i++) expect(backlog.add(slot, packet(i), 0, 8)).toBe(0);
  for (const slot of late) expect(backlog.add(slot, packet(slot), 0, 8)).toBe(1);
  for (const slot of late) expect(drain(backlog, slot)).toEqual([slot]);
  const left = Array.from({ length: full }, (_, slot) => drain(backlog, slot));
  expect(left.flat()).toHaveLength(BACKLOG_CELLS - late.length);
  // What a peer gave up was its oldest.
  for (const numbers of left) expect(numbers.at(-1)).toBe(BACKLOG_PER_PEER - 1);
});

test("takes no packet that is longer than a cell", () => {
  expect(new Backlog(1, CELL).add(0, new Uint8Array(100), 0, 65)).toBe(1);
});

test("is as good as a list for each peer, whatever is done with it", () => {
  const deeds = fc.array(fc.record({ slot: fc.nat({ max: 3 }), deed: fc.constantFrom("add", "add", "take", "clear") }));
  fc.assert(
    fc.property(deeds, (all) => {
      const backlog = new Backlog(4, CELL);
      const lists: number[][] = [[], [], [], []];
      const out = new Uint8Array(CELL);
      for (const [number, { slot, deed }] of all.entries()) {
        const list = lists[slot]!;
        if (deed === "add") {
          backlog.add(slot, packet(number), 0, 8);
          list.push(number);
        } else if (deed === "clear") {
          expect(backlog.clear(slot)).toBe(list.splice(0).length);
        } else {
          const expected = list.shift();
          const length = backlog.take(slot, out, 0);
          expect(length === 0 ? undefined : new DataView(out.buffer).getUint32(0)).toBe(expected);
        }
        expect(backlog.waiting(slot)).toBe(list.length);
      }
    }),
  );
});
