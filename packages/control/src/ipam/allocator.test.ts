import { parsePrefix } from "@warren/common/net/prefix.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LeaseRecord } from "../registry/keys.ts";
import { decideLease, endLease, type IpamState, type LeaseRequest, poolUsage } from "./allocator.ts";
import { parsePools } from "./pools.ts";

/** The records an allocator works on, with the decisions applied. */
class Book {
  readonly leases = new Map<string, LeaseRecord>();
  readonly gone = new Map<string, number>();
  readonly pools;
  blocks: { prefix: ReturnType<typeof parsePrefix>; why: string }[] = [];
  nowMs = 0;

  constructor(pools: string[], nodePrefix = 24) {
    this.pools = parsePools(pools, nodePrefix);
  }

  get state(): IpamState {
    const { pools, leases, blocks, nowMs } = this;
    return { pools, leases, blocks, nowMs, expiredSince: (id) => this.gone.get(id) ?? null };
  }

  block(cidr: string, why = 'reserved ("test")'): void {
    this.blocks.push({ prefix: parsePrefix(cidr), why });
  }

  ask(nodeId: string, request: Partial<LeaseRequest> = {}) {
    this.nowMs += 1;
    const decision = decideLease(this.state, {
      nodeId,
      node: `name-${nodeId}`,
      held: [],
      acceptNewLease: false,
      ...request,
    });
    for (const record of decision.changes) this.leases.set(record.cidr, record);
    return { podCidrs: decision.podCidrs, epoch: decision.epoch };
  }

  release(nodeId: string): void {
    this.nowMs += 1;
    const held = [...this.leases.values()].filter((lease) => lease.nodeId === nodeId);
    for (const record of endLease(held, this.nowMs)) this.leases.set(record.cidr, record);
  }
}

describe("lease allocator", () => {
  it("gives the lowest free CIDR, the same one again, and epoch 1 to the first holder", () => {
    const book = new Book(["10.244.0.0/16"]);
    expect(book.ask("a")).toEqual({ podCidrs: ["10.244.0.0/24"], epoch: 1 });
    expect(book.ask("b")).toEqual({ podCidrs: ["10.244.1.0/24"], epoch: 1 });
    expect(book.ask("a", { held: ["10.244.0.0/24"] })).toEqual({ podCidrs: ["10.244.0.0/24"], epoch: 1 });
  });

  it("gives one CIDR of each family, IPv4 first, with one epoch", () => {
    const book = new Book(["fd00:77::/48", "10.244.0.0/16"]);
    expect(book.ask("a")).toEqual({ podCidrs: ["10.244.0.0/24", "fd00:77::/64"], epoch: 1 });
    expect(book.ask("b").podCidrs).toEqual(["10.244.1.0/24", "fd00:77:0:1::/64"]);
  });

  it("goes on with the next pool of the family when one is full", () => {
    const book = new Book(["10.1.0.0/24", "10.2.0.0/24"], 25);
    expect(["a", "b", "c", "d"].map((id) => book.ask(id).podCidrs[0])).toEqual([
      "10.1.0.0/25",
      "10.1.0.128/25",
      "10.2.0.0/25",
      "10.2.0.128/25",
    ]);
  });

  it("prefers the CIDR a node had, by its own word, its id or its name, before any other", () => {
    const book = new Book(["10.244.0.0/16"]);
    for (const id of ["a", "b", "c"]) book.ask(id);
    for (const id of ["a", "b", "c"]) book.release(id);
    expect(book.ask("b")).toEqual({ podCidrs: ["10.244.1.0/24"], epoch: 1 });
    expect(book.ask("new-id", { node: "name-c" })).toEqual({ podCidrs: ["10.244.2.0/24"], epoch: 2 });
    expect(book.ask("d", { held: ["10.244.0.0/24"] })).toEqual({ podCidrs: ["10.244.0.0/24"], epoch: 2 });
  });

  it("gives away what was never used first, then what is free longest", () => {
    const book = new Book(["10.0.0.0/22"]);
    for (const id of ["a", "b", "c"]) book.ask(id);
    book.release("b");
    book.release("a");
    expect(book.ask("d")).toEqual({ podCidrs: ["10.0.3.0/24"], epoch: 1 });
    expect(book.ask("e")).toEqual({ podCidrs: ["10.0.1.0/24"], epoch: 2 });
    expect(book.ask("f")).toEqual({ podCidrs: ["10.0.0.0/24"], epoch: 2 });
  });

  it("takes a CIDR of a holder that is gone only when nothing else is free, the longest gone first, and whole", () => {
    const book = new Book(["10.0.0.0/23", "fd00::/62"]);
    book.ask("a");
    book.ask("b");
    expect(() => book.ask("c")).toThrow(expect.objectContaining({ code: "pool-exhausted" }));
    book.gone.set("a", 200).set("b", 100);
    expect(book.ask("c")).toEqual({ podCidrs: ["10.0.1.0/24", "fd00:0:0:2::/64"], epoch: 2 });
    expect(book.leases.get("fd00:0:0:1::/64")).toMatchObject({ nodeId: null, lastNodeId: "b" });
  });

  it("tells the old holder who has its CIDR, and gives it another only when it says it may", () => {
    const book = new Book(["10.0.0.0/23"], 24);
    book.ask("a");
    book.ask("b");
    book.gone.set("a", 1);
    book.ask("c");
    book.gone.delete("a");
    const back = { held: ["10.0.0.0/24"] };
    expect(() => book.ask("a", back)).toThrow(expect.objectContaining({ code: "lease-lost" }));
    expect(() => book.ask("a", back)).toThrow(/node name-c \(c\) has it, with epoch 2/);
    book.release("b");
    expect(book.ask("a", { ...back, acceptNewLease: true })).toEqual({ podCidrs: ["10.0.1.0/24"], epoch: 2 });
    expect(() => book.ask("a", back)).toThrow(/it has 10\.0\.1\.0\/24 now/);
  });

  it("skips reservations and foreign prefixes, of any size, and says so when nothing is left", () => {
    const book = new Book(["10.0.0.0/20"]);
    book.block("10.0.0.0/22");
    book.block("10.0.5.128/25");
    book.block("10.0.8.0/21");
    expect(book.ask("a").podCidrs).toEqual(["10.0.4.0/24"]);
    expect(book.ask("b").podCidrs).toEqual(["10.0.6.0/24"]);
    expect(book.ask("c").podCidrs).toEqual(["10.0.7.0/24"]);
    expect(() => book.ask("d")).toThrow("10.0.0.0/20 has 16 of /24, 3 leased, 13 reserved");
    expect(() => book.ask("e", { held: ["10.0.1.0/24"] })).toThrow(/it is reserved \("test"\)/);
  });

  it("does not walk a huge pool behind a huge reservation", () => {
    const book = new Book(["fd00::/8"]);
    book.block("fd00::/9");
    expect(book.ask("a").podCidrs).toEqual(["fd80::/64"]);
  });

  it("counts a reservation inside another one once", () => {
    const book = new Book(["10.0.0.0/16"]);
    book.block("10.0.0.0/20");
    book.block("10.0.1.0/24");
    book.block("10.0.1.0/24");
    book.block("10.0.99.0/28");
    book.block("10.0.99.16/28");
    expect(poolUsage(book.state, book.pools[0]!)).toEqual({ capacity: 256, leased: 0, reserved: 17 });
  });

  it("never gives an address to two nodes, and never an old epoch, whatever happens in whatever order", () => {
    const id = fc.integer({ min: 0, max: 9 }).map((n) => `n${n}`);
    const step = fc.oneof(
      fc.record({ do: fc.constant("ask" as const), id, held: fc.boolean(), accept: fc.boolean() }),
      fc.record({ do: fc.constant("release" as const), id }),
      fc.record({ do: fc.constant("vanish" as const), id }),
      fc.record({ do: fc.constant("return" as const), id }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, dual) => {
        const book = new Book(dual ? ["10.0.0.0/22", "fd00::/62"] : ["10.0.0.0/22"]);
        book.block("10.0.2.0/24");
        const memory = new Map<string, readonly string[]>();
        const epochs = new Map<string, { epoch: number; holder: string }>();
        for (const step of steps) {
          if (step.do === "release") book.release(step.id);
          if (step.do === "vanish") book.gone.set(step.id, book.nowMs);
          if (step.do === "return") book.gone.delete(step.id);
          if (step.do === "ask") {
            book.gone.delete(step.id);
            try {
              const held = step.held ? (memory.get(step.id) ?? []) : [];
              memory.set(step.id, book.ask(step.id, { held, acceptNewLease: step.accept }).podCidrs);
            } catch (error) {
              expect(["pool-exhausted", "lease-lost"]).toContain((error as { code: string }).code);
            }
          }
          checkInvariants(book, epochs, dual);
        }
      }),
      { numRuns: 150 },
    );
  });
});

function checkInvariants(book: Book, epochs: Map<string, { epoch: number; holder: string }>, dual: boolean): void {
  const byNode = new Map<string, LeaseRecord[]>();
  for (const lease of book.leases.values()) {
    expect(lease.cidr).not.toBe("10.0.2.0/24");
    const known = epochs.get(lease.cidr);
    if (lease.nodeId === null) continue;
    if (known) expect(lease.epoch).toBeGreaterThanOrEqual(known.epoch);
    if (known && known.holder !== lease.nodeId) expect(lease.epoch).toBeGreaterThan(known.epoch);
    epochs.set(lease.cidr, { epoch: lease.epoch, holder: lease.nodeId });
    byNode.set(lease.nodeId, [...(byNode.get(lease.nodeId) ?? []), lease]);
  }
  for (const leases of byNode.values()) {
    expect(leases).toHaveLength(dual ? 2 : 1);
    expect(new Set(leases.map((lease) => lease.epoch)).size).toBe(1);
  }
}
