/**
 * The memory of one direction of the packet path: a WebAssembly memory that never grows, with the kernels that work on
 * it. Packets arrive in it, are changed in it and leave from it; everything that names a place is an offset into it.
 *
 *     0 ┌──────────────────────────────────────────┐
 *       │ statics of the kernels                   │
 *  4096 ├──────────────────────────────────────────┤
 *       │ socket addresses: of the peer to send to,│
 *       │ of the sender of what was received       │
 *  8192 ├──────────────────────────────────────────┤
 *       │ slots of the coalescer, gather lists     │
 * 49152 ├──────────────────────────────────────────┤
 *       │ scratch: an answer of our own            │
 * 65536 ├──────────────────────────────────────────┤
 *       │ packets                                  │
 *       └──────────────────────────────────────────┘
 *
 * Owned by one thread. Pages that were never touched cost nothing.
 */
export interface Arena {
  readonly bytes: Uint8Array;
  readonly kernels: Kernels;
}

export const SEND_NAME = 4096;
export const RECEIVE_NAME = 4096 + 64;
export const SLOTS = 8192;
export const SCRATCH = 49152;
export const PACKETS = 65536;

/** Must be what the kernels were compiled for. */
const ARENA_PAGES = 24;
const PAGE = 65536;
export const PACKETS_END = ARENA_PAGES * PAGE;

/** Bytes of one slot of the coalescer, and where its gather list starts. */
export const SLOT_BYTES = 64 + 128 * 16;
export const SLOT_IOVEC = 64;
/** Entries of a gather list, and so the most packets of one super-packet. */
export const SLOT_MAX_COUNT = 128;

export const SEGMENT_V6 = 1;
export const SEGMENT_UDP = 2;

/** `assembly/index.ts`; the contracts stand there. */
export interface Kernels {
  readonly completeChecksum: (at: number, length: number, field: number) => void;
  readonly segment: (
    base: number,
    outer: number,
    length: number,
    l4: number,
    headers: number,
    size: number,
    tail: number,
    flags: number,
  ) => number;
  readonly openSlot: (slot: number, ip: number, length: number, maxTcp: number, maxUdp: number) => number;
  readonly isOpen: (slot: number) => number;
  readonly closeSlot: (slot: number) => void;
  readonly isSameFlow: (slot: number, ip: number) => number;
  readonly extend: (slot: number, at: number, stride: number, bytes: number, outer: number) => number;
  readonly finishSlot: (slot: number, mtu: number) => number;
  readonly writeIovec: (entry: number, at: number, length: number) => void;
  readonly setNativeBase: (low: number, high: number) => void;
}

export function createArena(module: WebAssembly.Module): Arena {
  const memory = new WebAssembly.Memory({ initial: ARENA_PAGES, maximum: ARENA_PAGES });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { bytes: new Uint8Array(memory.buffer), kernels: instance.exports as unknown as Kernels };
}
