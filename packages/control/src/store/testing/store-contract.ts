import type { Clock } from "@warren/common/runtime/clock.ts";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.ts";
import type { Operation, Store, StoreEvent, WatchBatch } from "../store.ts";

export interface StoreFactory {
  /** A new, empty store. */
  open(clock: Clock, historyLimit?: number): Promise<Store>;
  /** Opens again what a closed store left; absent for stores that leave nothing. */
  reopen?(clock: Clock): Promise<Store>;
  /** Removes what `open` made. */
  dispose(): Promise<void>;
}

const put = (key: string, value: string, lease?: number): Operation => ({
  type: "put",
  key,
  value,
  ...(lease && { lease }),
});
const del = (key: string): Operation => ({ type: "delete", key });
const coded = (code: string) => expect.objectContaining({ code });

/** The suite every implementation of `Store` passes, error codes included. */
export function storeContract(name: string, makeFactory: () => Promise<StoreFactory>): void {
  describe(`store contract: ${name}`, () => {
    let factory: StoreFactory;
    let store: Store;
    let clock: ManualClock;
    let stop: AbortController;

    beforeEach(async () => {
      factory = await makeFactory();
      clock = new ManualClock();
      stop = new AbortController();
      store = await factory.open(clock, 16);
    });

    afterEach(async () => {
      stop.abort();
      await store.close();
      await factory.dispose();
    });

    const keys = async (prefix = "") => (await store.range(prefix)).entries.map((entry) => entry.key);
    const take = async (iterator: AsyncIterator<WatchBatch>, count: number) => {
      const batches: WatchBatch[] = [];
      while (batches.length < count) batches.push((await iterator.next()).value as WatchBatch);
      return batches;
    };
    const watch = (prefix: string, after: number) => store.watch(prefix, after, stop.signal)[Symbol.asyncIterator]();

    it("starts empty at revision 0", async () => {
      expect(await store.range("")).toEqual({ entries: [], revision: 0 });
    });

    it("ranges over a prefix in key order, at one revision", async () => {
      await store.txn([], [put("b/2", "y"), put("a", "x"), put("b/1", "z"), put("c", "")]);
      expect(await keys("b/")).toEqual(["b/1", "b/2"]);
      expect(await keys()).toEqual(["a", "b/1", "b/2", "c"]);
      expect((await store.range("a")).entries).toEqual([
        { key: "a", value: "x", createRevision: 1, modRevision: 1, lease: 0 },
      ]);
    });

    it("takes one revision for a transaction, and none when nothing changes", async () => {
      expect(await store.txn([], [put("a", "1"), put("b", "1")])).toBe(1);
      expect(await store.txn([], [del("nothing")])).toBe(1);
      expect(await store.txn([], [])).toBe(1);
      expect(await store.txn([], [put("a", "1")])).toBe(2);
      const [entry] = (await store.range("a")).entries;
      expect(entry).toMatchObject({ createRevision: 1, modRevision: 2 });
    });

    it("keeps the revision that made a key over changes, and starts anew after a delete", async () => {
      await store.txn([], [put("a", "1")]);
      await store.txn([], [del("a")]);
      await store.txn([], [put("a", "2")]);
      expect((await store.range("a")).entries[0]).toMatchObject({ createRevision: 3, modRevision: 3 });
    });

    it("applies nothing and says conflict when any compare does not hold", async () => {
      await store.txn([], [put("a", "1")]);
      for (const compares of [
        [{ key: "a", modRevision: 0 }],
        [
          { key: "a", modRevision: 1 },
          { key: "b", modRevision: 1 },
        ],
      ]) {
        await expect(store.txn(compares, [put("a", "2"), put("c", "")])).rejects.toThrow(coded("conflict"));
      }
      expect(await store.range("")).toMatchObject({ revision: 1, entries: [{ key: "a", value: "1" }] });
    });

    it("lets exactly one of many concurrent compare-and-swaps win", async () => {
      const attempts = Array.from({ length: 50 }, (_, i) =>
        store.txn([{ key: "k", modRevision: 0 }], [put("k", `${i}`)]),
      );
      const settled = await Promise.allSettled(attempts);
      const lost = settled.filter((result) => result.status === "rejected").map((result) => result.reason as unknown);
      expect(lost).toHaveLength(49);
      for (const reason of lost) expect(reason).toEqual(coded("conflict"));
    });

    it("watches every change under a prefix once, in order, from a revision on", async () => {
      await store.txn([], [put("a/1", "x")]);
      await store.txn([], [put("b/1", "x")]);
      await store.txn([], [put("a/2", "y"), del("a/1"), put("b/2", "")]);
      const batches = await take(watch("a/", 1), 1);
      expect(batches).toEqual([
        {
          revision: 3,
          events: [
            {
              type: "put",
              revision: 3,
              entry: { key: "a/2", value: "y", createRevision: 3, modRevision: 3, lease: 0 },
            },
            { type: "delete", revision: 3, key: "a/1" },
          ],
        },
      ]);
    });

    it("delivers changes made while a watch waits", async () => {
      const iterator = watch("", 0);
      const next = iterator.next();
      await store.txn([], [put("a", "1")]);
      expect((await next).value).toMatchObject({ revision: 1 });
    });

    it("tells a watch from a future revision nothing of the past", async () => {
      await store.txn([], [put("a", "1")]);
      const next = watch("", 2).next();
      await store.txn([], [put("a", "2")]);
      await store.txn([], [put("a", "3")]);
      expect((await next).value).toMatchObject({ revision: 3 });
    });

    it("ends a watch without an error when it is aborted, waiting or not", async () => {
      const waiting = watch("", 0).next();
      stop.abort();
      expect(await waiting).toMatchObject({ done: true });
      expect(await watch("", 0).next()).toMatchObject({ done: true });
    });

    it("says compacted for what is no longer kept, and gives the first event after it", async () => {
      for (let i = 1; i <= 5; i++) await store.txn([], [i === 4 ? del("a") : put("a", `${i}`)]);
      await store.compact(3);
      await expect(watch("", 2).next()).rejects.toThrow(coded("compacted"));
      const [first] = await take(watch("", 3), 1);
      expect(first).toMatchObject({ revision: 4, events: [{ type: "delete", key: "a" }] });
    });

    it("drops history that no one bounds, and tells the watch that fell behind", async () => {
      const iterator = watch("", 0);
      for (let i = 0; i < 100; i++) await store.txn([], [put("a", `${i}`)]);
      await expect(iterator.next()).rejects.toThrow(coded("compacted"));
    });

    it("keeps an idle watch of a quiet prefix alive while other keys change", async () => {
      const next = watch("quiet/", 0).next();
      for (let i = 0; i < 100; i++) {
        await store.txn([], [put("busy", `${i}`)]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await store.txn([], [put("quiet/a", "1")]);
      expect((await next).value).toMatchObject({ revision: 101 });
    });

    it("gives watches exactly what a model of the history holds", async () => {
      const key = fc.constantFrom("a/1", "a/2", "b/1", "b/2");
      const operation = fc.oneof(
        fc.record({ type: fc.constant("put" as const), key, value: fc.string({ maxLength: 3 }) }),
        fc.record({ type: fc.constant("delete" as const), key }),
      );
      const writes = fc.array(fc.array(operation, { maxLength: 3 }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(
          writes,
          fc.constantFrom("", "a/", "b/1"),
          fc.nat(12),
          fc.nat(12),
          async (txns, prefix, after, early) => {
            const { revision: base } = await store.range("");
            const expected: [number, string][] = [];
            const seen: [number, string][] = [];
            const end = new AbortController();
            // Some of the writes happen before the watch starts, some while it runs.
            const run = async () => {
              for await (const batch of store.watch(prefix, base + after, end.signal)) {
                for (const event of batch.events) seen.push([batch.revision, show(event)]);
              }
            };
            let running: Promise<void> | undefined;
            const present = new Set((await store.range("")).entries.map((entry) => entry.key));
            let revision = base;
            for (const [i, operations] of txns.entries()) {
              if (i === early) running = run();
              const events: string[] = [];
              for (const op of operations) {
                if (op.type === "put") present.add(op.key);
                else if (!present.delete(op.key)) continue;
                events.push(op.type === "put" ? `put ${op.key}=${op.value}` : `delete ${op.key}`);
              }
              if (events.length > 0) revision += 1;
              expect(await store.txn([], operations)).toBe(revision);
              const wanted = events.filter((event) => event.split(" ")[1]!.startsWith(prefix));
              if (revision > base + after) expected.push(...wanted.map((event): [number, string] => [revision, event]));
            }
            running ??= run();
            for (let turn = 0; turn < 50 && seen.length < expected.length; turn++)
              await new Promise((r) => setImmediate(r));
            end.abort();
            await running;
            expect(seen).toEqual(expected);
          },
        ),
        { numRuns: 60 },
      );
    });

    it("resumes a watch where another one stopped, without gap or repetition", async () => {
      const first = watch("", 0);
      for (let i = 1; i <= 4; i++) await store.txn([], [put("a", `${i}`)]);
      const seen = await take(first, 2);
      await store.txn([], [put("a", "5")]);
      const rest = await take(watch("", seen.at(-1)!.revision), 3);
      expect([...seen, ...rest].map((batch) => batch.revision)).toEqual([1, 2, 3, 4, 5]);
    });

    it("deletes a lease's keys in one revision when its time is over", async () => {
      const lease = await store.grantLease(1000);
      await store.txn([], [put("a", "", lease.id), put("b", "", lease.id), put("c", "")]);
      await clock.advance(999);
      expect(await keys()).toEqual(["a", "b", "c"]);
      await clock.advance(1);
      expect(await store.range("")).toMatchObject({ revision: 2, entries: [{ key: "c" }] });
      await expect(store.txn([], [put("d", "", lease.id)])).rejects.toThrow(coded("lease-lost"));
      await expect(store.renewLease(lease.id)).rejects.toThrow(coded("lease-lost"));
      await store.revokeLease(lease.id);
    });

    it("keeps a lease that is renewed in time, and lets go of keys written without it", async () => {
      const lease = await store.grantLease(1000);
      await store.txn([], [put("a", "", lease.id), put("b", "", lease.id)]);
      await clock.advance(900);
      await store.renewLease(lease.id);
      await store.txn([], [put("b", "mine")]);
      await clock.advance(900);
      expect(await keys()).toEqual(["a", "b"]);
      await clock.advance(100);
      expect(await keys()).toEqual(["b"]);
    });

    it("deletes the keys of a revoked lease at once and never uses its id again", async () => {
      const first = await store.grantLease(1000);
      await store.txn([], [put("a", "", first.id)]);
      await store.revokeLease(first.id);
      expect(await keys()).toEqual([]);
      expect((await store.grantLease(1000)).id).toBeGreaterThan(first.id);
      await expect(store.txn([], [put("a", "", 999)])).rejects.toThrow(coded("lease-lost"));
    });

    it("answers unavailable after it was closed, and ends its watches so", async () => {
      const waiting = watch("", 0).next();
      const caught = expect(waiting).rejects.toThrow(coded("unavailable"));
      await store.close();
      await store.close();
      await caught;
      await expect(store.range("")).rejects.toThrow(coded("unavailable"));
      await expect(store.txn([], [])).rejects.toThrow(coded("unavailable"));
      await expect(store.grantLease(1)).rejects.toThrow(coded("unavailable"));
      expect(clock.pending).toBe(0);
    });

    it("finds everything again after it was closed and opened, and never goes back", async () => {
      if (!factory.reopen) return;
      const lease = await store.grantLease(1000);
      await store.txn([], [put("a", "1"), put("b", "ü", lease.id)]);
      await store.txn([], [put("a", "2")]);
      await store.txn([], [del("gone"), put("gone", "")]);
      await store.txn([], [del("gone")]);
      const before = await store.range("");
      await store.close();
      store = await factory.reopen(clock);
      expect(await store.range("")).toEqual(before);
      await expect(watch("", before.revision - 1).next()).rejects.toThrow(coded("compacted"));
      const next = watch("", before.revision).next();
      expect(await store.txn([], [put("c", "")])).toBe(before.revision + 1);
      expect((await next).value).toMatchObject({ revision: before.revision + 1 });
      expect((await store.grantLease(1)).id).toBeGreaterThan(lease.id);
      await clock.advance(1000);
      expect(await keys()).toEqual(["a", "c"]);
    });
  });
}

function show(event: StoreEvent): string {
  return event.type === "put" ? `put ${event.entry.key}=${event.entry.value}` : `delete ${event.key}`;
}
