import { type Libc, nativeAddress } from "../platform/linux/libc.ts";

/** `CLOCK_BOOTTIME` of Linux: as `CLOCK_MONOTONIC`, and goes on while the machine is suspended. */
const CLOCK_BOOTTIME = 7;
const TWO_TO_32 = 2 ** 32;

/**
 * Milliseconds since the machine came up, those it slept included: the same number in every thread, where `performance.now`
 * counts from the start of each. For what threads tell one another of time, and for the age of sessions: one that is older
 * than 180 s is no good after a sleep either. Allocates nothing.
 */
export function createSharedClock({ clock_gettime }: Libc): () => number {
  // Larger than what V8 keeps on its heap, where it would move.
  const timespec = new Uint32Array(32);
  const at = nativeAddress(new Uint8Array(timespec.buffer));
  return () => {
    clock_gettime(CLOCK_BOOTTIME, at);
    return (timespec[1]! * TWO_TO_32 + timespec[0]!) * 1000 + timespec[2]! / 1e6;
  };
}
