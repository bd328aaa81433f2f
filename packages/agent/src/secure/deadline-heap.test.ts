import fc from "fast-check";
import { expect, test } from "vitest";
import { DeadlineHeap } from "./deadline-heap.ts";

test("whatever is set, moved and removed, the first is the one that is due first", () => {
  const move = fc.record({ member: fc.nat(15), dueMs: fc.oneof(fc.nat(50), fc.constant(Number.POSITIVE_INFINITY)) });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      const heap = new DeadlineHeap<{ dueMs: number; heapIndex: number }>();
      const members = Array.from({ length: 16 }, () => ({ dueMs: Number.POSITIVE_INFINITY, heapIndex: -1 }));
      const model = new Map<number, number>();
      for (const { member, dueMs } of moves) {
        heap.set(members[member]!, dueMs);
        if (dueMs === Number.POSITIVE_INFINITY) model.delete(member);
        else model.set(member, dueMs);
        expect(heap.nextMs).toBe(Math.min(...model.values()));
        expect(heap.first(heap.nextMs - 1)).toBeNull();
      }
      const order: number[] = [];
      for (let item = heap.first(50); item !== null; item = heap.first(50)) {
        order.push(item.dueMs);
        heap.remove(item);
      }
      expect(order).toEqual([...model.values()].sort((a, b) => a - b));
    }),
  );
});
