import { formatPrefix } from "@warren/common/net/prefix.ts";
import { describe, expect, it } from "vitest";
import { parsePools } from "./pools.ts";

const plan = (...texts: string[]) => parsePools(texts, 24).map((pool) => [formatPrefix(pool.prefix), pool.nodePrefix]);

describe("pools", () => {
  it("cuts IPv4 by node-prefix and IPv6 into /64, or 8 bits below a pool that is longer", () => {
    expect(plan("10.244.0.0/16", "fd00:77::/48", "fd00:78::/64", "fd00:79::/112")).toEqual([
      ["10.244.0.0/16", 24],
      ["fd00:77::/48", 64],
      ["fd00:78::/64", 72],
      ["fd00:79::/112", 120],
    ]);
  });

  it.each([
    [["10.0.0.0/8", "10.1.0.0/16"], "pool-overlap", "10.0.0.0/8 and 10.1.0.0/16"],
    [["fd00::/48", "10.0.0.0/16", "fd00::/32"], "pool-overlap", "fd00::/48 and fd00::/32"],
    [["10.0.0.0/25"], "pool-too-small", "10.0.0.0/25 cannot be cut into pod CIDRs of /24"],
    [["fd00::/120"], "pool-too-small", "fd00::/120"],
    [["10.0.0.1/16"], "address-invalid", "10.0.0.0/16"],
  ])("refuses %j with %s", (texts, code, said) => {
    expect(() => plan(...texts)).toThrow(expect.objectContaining({ code }));
    expect(() => plan(...texts)).toThrow(said);
  });
});
