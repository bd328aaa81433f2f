import type { Cell } from "./matrix.ts";
import type { Timed } from "./time-aead.ts";

/** One sample to take. */
export interface ToWorker {
  readonly cell: Cell;
  readonly forMs: number;
}

/** What came of it: the times, or why there are none. */
export type FromWorker =
  | (Timed & {
      /** Part of the time that the thread was on a core. */
      readonly onCore: number;
    })
  | { readonly error: string };
