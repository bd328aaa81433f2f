import { TAG } from "../../secure/aead.ts";

/** Bytes in front of a ciphertext on the wire: type, receiver and counter (WireGuard paper §5.4.6). */
const HEADER = 16;
/** What one datagram of segments can hold, and how many of them: `UDP_SEGMENT` takes no more. */
const DATAGRAM = 65_507;
const SEGMENTS = 64;

/** Memory of one thread: more than the first cache of a core, less than its second. */
export const AREA = 256 * 1024;

/** Where the messages of one size stand: as the packet path has them, one behind the other in runs for one `sendmsg`. */
export interface Layout {
  readonly size: number;
  readonly stride: number;
  /** Messages that one call seals. */
  readonly run: number;
  readonly runs: number;
}

/** The largest message there is room for. */
export const LARGEST = DATAGRAM - HEADER - TAG;

/** As many runs of messages of `size` bytes as fit. `size` is at most `LARGEST`. */
export function layoutOf(size: number): Layout {
  const stride = HEADER + size + TAG;
  const run = Math.max(1, Math.min(SEGMENTS, Math.floor(DATAGRAM / stride)));
  return { size, stride, run, runs: Math.max(1, Math.floor(AREA / (run * stride))) };
}

/** Where the first plaintext of a run stands. */
export function runAt({ stride, run }: Layout, index: number): number {
  return HEADER + index * run * stride;
}
