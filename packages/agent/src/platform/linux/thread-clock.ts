import { CPU, type StageClock, WALL } from "../../dataplane/stage-timer.ts";
import { type Libc, nativeAddress } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;

/**
 * The clocks of the calling thread. The first is read without entering the kernel (vDSO).
 *
 *     struct timespec { int64_t seconds; int64_t nanoseconds; }
 *
 * Only the low words are read, which is good for 136 years and needs no BigInt.
 */
export function createThreadClock({ clock_gettime }: Libc): StageClock {
  const timespec = new Uint32Array(32);
  const at = nativeAddress(new Uint8Array(timespec.buffer));
  const ns = new Float64Array(2);
  return {
    ns,
    readWall() {
      clock_gettime(CLOCK_MONOTONIC, at);
      ns[WALL] = timespec[0]! * 1e9 + timespec[2]!;
    },
    readCpu() {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, at);
      ns[CPU] = timespec[0]! * 1e9 + timespec[2]!;
    },
  };
}
