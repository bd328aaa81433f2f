import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { golden, goldenWith } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";
import {
  checkVxlan,
  encodeVxlan,
  MAX_VNI,
  VXLAN_BAD_FLAGS,
  VXLAN_HEADER,
  VXLAN_OK,
  VXLAN_SHORT,
  VXLAN_WRONG_VNI,
  vxlanVni,
} from "./vxlan.ts";

test.each(goldenWith("vxlan"))("the header of $name is read and written", ({ bytes, fields }) => {
  const { buf, offset, length } = guardedBuffer(bytes);
  expect(checkVxlan(buf, offset, length, fields.vni)).toBe(VXLAN_OK);
  expect(vxlanVni(buf, offset)).toBe(fields.vni);
  expect(encodeOnPoison(VXLAN_HEADER, (out, at) => encodeVxlan(out, at, fields.vni))).toEqual(
    bytes.slice(0, VXLAN_HEADER),
  );
});

describe("checkVxlan", () => {
  const verdict = (change: (packet: Uint8Array) => void, length?: number) => {
    const packet = golden("vxlan");
    change(packet);
    return checkVxlan(packet, 0, length ?? packet.length, 4096);
  };

  test("refuses what has no room for an inner Ethernet header", () => {
    expect(verdict(() => {}, 22)).toBe(VXLAN_OK);
    expect(verdict(() => {}, 21)).toBe(VXLAN_SHORT);
    expect(verdict(() => {}, 0)).toBe(VXLAN_SHORT);
  });

  test("refuses each reserved bit, and a clear I flag", () => {
    const headerBits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => bit < 32 || bit >= 56);
    for (const bit of headerBits) {
      const result = verdict((packet) => {
        packet[bit >>> 3]! ^= 0x80 >>> (bit & 7);
      });
      expect({ bit, result }).toEqual({ bit, result: VXLAN_BAD_FLAGS });
    }
  });

  test("refuses another network", () => {
    for (let bit = 32; bit < 56; bit++) {
      expect(
        verdict((packet) => {
          packet[bit >>> 3]! ^= 0x80 >>> (bit & 7);
        }),
      ).toBe(VXLAN_WRONG_VNI);
    }
  });

  test("never reads outside", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat({ max: MAX_VNI }), (bytes, vni) => {
        const { buf, offset, length } = guardedBuffer(bytes);
        expect(checkVxlan(buf, offset, length, vni)).not.toBe(VXLAN_OK);
      }),
    );
  });
});

test("what encodeVxlan writes, checkVxlan accepts for that network only", () => {
  fc.assert(
    fc.property(fc.nat({ max: MAX_VNI }), fc.nat({ max: MAX_VNI }), (vni, other) => {
      const packet = new Uint8Array(22).fill(0xa5);
      encodeVxlan(packet, 0, vni);
      expect(checkVxlan(packet, 0, 22, vni)).toBe(VXLAN_OK);
      expect(checkVxlan(packet, 0, 22, other)).toBe(other === vni ? VXLAN_OK : VXLAN_WRONG_VNI);
    }),
  );
});
