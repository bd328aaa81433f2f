import { nodeAddress } from "@warren/common/net/node-address.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocate, nextAddress, podCapacity } from "./address-allocator.ts";

describe("address allocator", () => {
  it("keeps the first address for the node and leaves out network and broadcast address", () => {
    expect(nodeAddress("10.244.3.0/24")).toBe("10.244.3.1");
    expect(nodeAddress("fd00:77:3::/64")).toBe("fd00:77:3::1");
    expect(podCapacity("10.244.3.0/24")).toBe(253);
    expect(podCapacity("10.244.3.0/30")).toBe(1);
    expect(podCapacity("10.244.3.0/31")).toBe(0);
    expect(podCapacity("fd00::/120")).toBe(254);
    expect(nextAddress("10.244.3.0/30", null, () => false)).toBe("10.244.3.2");
    expect(nextAddress("10.244.3.0/31", null, () => false)).toBeNull();
  });

  it("goes in a circle from the last address given out", () => {
    expect(nextAddress("10.0.0.0/29", "10.0.0.4", () => false)).toBe("10.0.0.5");
    expect(nextAddress("10.0.0.0/29", "10.0.0.6", () => false)).toBe("10.0.0.2");
    expect(nextAddress("10.0.0.0/29", "10.0.0.6", (address) => address !== "10.0.0.6")).toBe("10.0.0.6");
    expect(nextAddress("10.0.0.0/29", "10.9.9.9", () => false)).toBe("10.0.0.2");
    expect(nextAddress("10.0.0.0/29", null, () => true)).toBeNull();
  });

  it("gives out every address once before it is exhausted", () => {
    fc.assert(
      fc.property(fc.integer({ min: 22, max: 30 }), fc.nat(2000), (length, start) => {
        const cidr = `10.244.0.0/${length}`;
        const used = new Set<string>();
        let last: string | null = `10.244.${start >> 8}.${start & 255}`;
        for (let next = nextAddress(cidr, last, (a) => used.has(a)); next !== null; ) {
          expect(used.has(next)).toBe(false);
          used.add(next);
          last = next;
          next = nextAddress(cidr, last, (a) => used.has(a));
        }
        expect(used.size).toBe(podCapacity(cidr));
        expect(used.has(nodeAddress(cidr))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it("takes one address of each family, and the next CIDR when one is full", () => {
    const used = new Set(["10.0.0.2"]);
    const { addresses, last } = allocate(["fd00::/64", "10.0.0.0/30", "10.0.1.0/30"], {}, (a) => used.has(a));
    expect(addresses).toEqual(["10.0.1.2", "fd00::2"]);
    expect(last).toEqual({ "10.0.1.0/30": "10.0.1.2", "fd00::/64": "fd00::2" });
    expect(allocate([], {}, () => false).addresses).toEqual([]);
    expect(() => allocate(["10.0.0.0/30"], {}, () => true)).toThrow(/all 1 pod addresses of 10.0.0.0\/30 are in use/);
  });
});
