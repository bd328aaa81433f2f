import { describe, expect, it } from "vitest";
import { type Aead, TAG } from "../../secure/aead.ts";
import { AREA, LARGEST, layoutOf, runAt } from "./layout.ts";
import { SIZES } from "./matrix.ts";
import { timeAead } from "./time-aead.ts";

/** Turns bits over with the counter, and has the counter for a tag. */
function fakeAead(bytes: Uint8Array, seen: number[], flaw?: "seals nothing" | "opens anything"): Aead {
  const turn = (at: number, length: number, low: number) => {
    for (let index = at; index < at + length; index++) bytes[index]! ^= (low % 255) + 1;
  };
  return {
    cipher: "aes-256-gcm",
    createKey: () => ({
      seal(at, stride, count, length, _last, low) {
        for (let index = 0; index < count; index++) {
          seen.push(low + index);
          if (flaw !== "seals nothing") turn(at + index * stride, length, low + index);
          bytes.fill((low + index) % 251, at + index * stride + length, at + index * stride + length + TAG);
        }
        return count;
      },
      open(at, length, low) {
        if (bytes[at + length - 1] !== low % 251) return false;
        if (flaw !== "opens anything") turn(at, length - TAG, low);
        return true;
      },
      wipe: () => {},
    }),
  };
}

/** A clock that moves on by 1 ms at each look. */
function steps() {
  let now = 0;
  return () => now++;
}

describe("timing an implementation", () => {
  const bytes = new Uint8Array(AREA);

  it("times both halves of a round, and never uses a counter twice with a key", () => {
    const seen: number[] = [];
    const layout = layoutOf(1408);
    const timed = timeAead(fakeAead(bytes, seen), bytes, layout, 7, steps());
    const each = layout.run * layout.runs;
    expect(timed).toEqual({ messages: each, sealMs: 1, openMs: 1 });
    // Rounds of three looks at the clock, and the one for warming up.
    expect(seen).toEqual(Array.from({ length: 4 * each }, (_, index) => index));
  });

  it("is not misled by a round in which the thread was not on a core", () => {
    const now = steps();
    let looks = 0;
    const interrupted = () => now() + (looks++ >= 5 ? 1000 : 0);
    const timed = timeAead(fakeAead(bytes, []), bytes, layoutOf(64), 1020, interrupted);
    expect(timed).toMatchObject({ sealMs: 1, openMs: 1 });
  });

  it("refuses figures of an implementation that does not do its work", () => {
    for (const flaw of ["seals nothing", "opens anything"] as const)
      expect(() => timeAead(fakeAead(bytes, [], flaw), bytes, layoutOf(64), 5, steps())).toThrow(/plaintext|not what/);
    const failing = {
      cipher: "aes-256-gcm",
      createKey: () => ({ seal: () => 0, open: () => false, wipe() {} }),
    } as const;
    expect(() => timeAead(failing, bytes, layoutOf(64), 5, steps())).toThrow("sealed 0 messages of 64");
  });
});

it("lays out every size inside the area, in runs that one datagram of segments can be", () => {
  for (const size of [...SIZES, 1, LARGEST]) {
    const layout = layoutOf(size);
    const end = runAt(layout, layout.runs - 1) + (layout.run - 1) * layout.stride + size + TAG;
    expect(end).toBeLessThanOrEqual(AREA);
    expect(layout.run * layout.stride).toBeLessThanOrEqual(65_507);
    expect(layout.run).toBeLessThanOrEqual(64);
  }
  expect(layoutOf(1408)).toEqual({ size: 1408, stride: 1440, run: 45, runs: 4 });
});
