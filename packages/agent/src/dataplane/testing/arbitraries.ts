import fc from "fast-check";
import { seededRandom } from "../../platform/memory/random.ts";
import type { PacketSpec } from "./packets.ts";

export const bytesOf = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });

function randomBytes(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}

/** Super-packets of all kinds from node 1 to node 2, with the payload size they are to be cut to. */
export const superPackets = fc
  .record({
    isV6: fc.boolean(),
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    // A length and a seed rather than an array of bytes: that shrinks in a moment.
    length: fc.oneof(
      fc.integer({ min: 2, max: 300 }),
      fc.integer({ min: 2000, max: 20_000 }),
      fc.integer({ min: 60_000, max: 64_000 }),
    ),
    seed: fc.nat(),
    // Up to what fits into the MTU of the tests behind an IPv6 header and 20 bytes of options.
    size: fc.oneof(fc.integer({ min: 500, max: 1370 }), fc.integer({ min: 48, max: 200 })),
    optionWords: fc.integer({ min: 0, max: 5 }),
    tcpFlags: fc.constantFrom(0x10, 0x18, 0x11, 0x19, 0x90, 0x50, 0xd9),
    seq: fc.nat({ max: 0xffff_ffff }),
    id: fc.nat({ max: 0xffff }),
    dontFragment: fc.boolean(),
  })
  .map(({ isV6, size, optionWords, length, seed, ...rest }) => ({
    spec: {
      ...rest,
      payload: randomBytes(length, seed),
      src: isV6 ? "fd00:1::2" : "10.1.0.2",
      dst: isV6 ? "fd00:2::5" : "10.2.0.5",
      tcpOptions: new Uint8Array(optionWords * 4).fill(1),
    } satisfies PacketSpec,
    size,
  }));

/** What a sender may do to a flow: its next packet, with everything that coalescing must notice. */
export const flowSteps = fc.array(
  fc.record({
    flow: fc.nat({ max: 3 }),
    length: fc.oneof(fc.constant(100), fc.nat({ max: 120 })),
    tcpFlags: fc.oneof({ weight: 8, arbitrary: fc.constant(0x10) }, { weight: 1, arbitrary: fc.nat({ max: 255 }) }),
    /** The packet is lost before it comes here. */
    isLost: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    /** A bit is wrong somewhere behind the addresses. */
    isDamaged: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    window: fc.oneof({ weight: 9, arbitrary: fc.constant(512) }, { weight: 1, arbitrary: fc.constant(513) }),
    dontFragment: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    ttl: fc.oneof({ weight: 9, arbitrary: fc.constant(64) }, { weight: 1, arbitrary: fc.constant(63) }),
    /** Arrives in the same receive as the one before, if equally long. */
    isGlued: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);
