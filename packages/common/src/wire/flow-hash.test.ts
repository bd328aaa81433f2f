import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flowHash4, flowHash6, flowPort } from "./flow-hash.ts";
import { encodeIpv4, IPV4_MORE_FRAGMENTS } from "./ipv4.ts";
import { golden } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

/** A UDP datagram of 8 bytes in IPv4. */
function packet4(srcPort: number, options: { fragment?: number; dst?: number } = {}): Uint8Array {
  const packet = new Uint8Array(28);
  const { fragment = 0, dst = 0x0af40203 } = options;
  encodeIpv4(packet, 0, { tos: 0, totalLength: 28, id: 1, fragment, ttl: 64, protocol: 17, src: 0x0af40102, dst });
  packet.set([srcPort >>> 8, srcPort & 0xff, 0, 53, 0, 8], 20);
  return packet;
}

describe("flowHash", () => {
  test("is the same for two packets of one flow, whatever else differs", () => {
    const [first, second] = [golden("ipv4-tcp-syn"), golden("ipv4-tcp-data")]; // same 5-tuple, other TOS, TTL, flags
    expect(flowHash4(first, 0)).toBe(flowHash4(second, 0));
    const [small, big] = [golden("ipv6-tcp-syn"), golden("big-ipv6")];
    expect(flowHash6(small, 0)).toBe(flowHash6(big, 0));
  });

  test("looks behind extension headers for the ports", () => {
    expect(flowHash6(golden("ipv6-extensions"), 0)).toBe(flowHash6(golden("ipv6-udp"), 0));
  });

  test("leaves the ports out of every fragment, so that the pieces take one path", () => {
    const pieces = [packet4(1000, { fragment: IPV4_MORE_FRAGMENTS }), packet4(0xbeef, { fragment: 3 })];
    expect(new Set(pieces.map((piece) => flowHash4(piece, 0))).size).toBe(1);
    const pieces6 = ["ipv6-first-fragment", "ipv6-later-fragment"].map((name) => flowHash6(golden(name), 0));
    expect(new Set(pieces6).size).toBe(1);
  });

  test("spreads the flows of two pods over the source ports", () => {
    const ports = new Set(Array.from({ length: 1000 }, (_, i) => flowPort(flowHash4(packet4(32768 + i), 0))));
    expect(ports.size).toBeGreaterThan(950); // 970 is what a perfect hash gives
    const paths = new Map<number, number>();
    for (const port of ports) paths.set(port % 4, (paths.get(port % 4) ?? 0) + 1);
    for (const count of paths.values()) expect(count).toBeGreaterThan(180);
  });

  test("never reads outside of a checked packet", () => {
    for (const name of ["ipv4-tcp-syn", "ipv4-udp", "ipv4-later-fragment", "ipv4-options"]) {
      const { buf, offset } = guardedBuffer(golden(name));
      flowHash4(buf, offset);
    }
    const short = guardedBuffer(packet4(1).slice(0, 22).with(3, 22)); // UDP header cut off after the source port
    flowHash4(short.buf, short.offset);
    for (const name of ["ipv6-extensions", "ipv6-later-fragment", "ipv6-echo"]) {
      const { buf, offset } = guardedBuffer(golden(name));
      flowHash6(buf, offset);
    }
  });
});

test("flowPort stays in the dynamic range", () => {
  fc.assert(
    fc.property(fc.integer(), (hash) => {
      expect(flowPort(hash)).toBeGreaterThanOrEqual(49152);
      expect(flowPort(hash)).toBeLessThanOrEqual(65535);
    }),
  );
});
