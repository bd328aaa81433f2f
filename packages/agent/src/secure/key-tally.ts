/**
 * What became of messages, by the epoch of our static key that their session was made with: in shared memory, written by
 * the thread that opens. As many epochs are kept as there are rows; a newer one takes the row of the oldest.
 */
export type KeyTally = Float64Array;

const ROWS = 64;
const PER_ROW = 4;
const EPOCH = 0;
const OPENED = 1;
const LOST = 2;
const UNDECRYPTABLE = 3;

export const KEY_TALLY_BYTES = ROWS * PER_ROW * Float64Array.BYTES_PER_ELEMENT;

export interface EpochTally {
  readonly epoch: number;
  readonly opened: number;
  /** Counters that were passed over, less those that came late. */
  readonly lost: number;
  readonly undecryptable: number;
}

/** Where an epoch is counted; from zero when its row was another's. */
export function openTally(tally: KeyTally, epoch: number): number {
  const at = (epoch % ROWS) * PER_ROW;
  if (tally[at + EPOCH] !== epoch) {
    tally.fill(0, at, at + PER_ROW);
    tally[at + EPOCH] = epoch;
  }
  return at;
}

/** @param missing by how many more counters have been passed over now; below zero for one that came late */
export function countOpened(tally: KeyTally, at: number, missing: number): void {
  tally[at + OPENED]! += 1;
  tally[at + LOST]! += missing;
}

export function countUndecryptable(tally: KeyTally, at: number): void {
  tally[at + UNDECRYPTABLE]! += 1;
}

/** The epochs of which sessions were made. */
export function readTally(tally: KeyTally): EpochTally[] {
  return Array.from({ length: ROWS }, (_, row) => row * PER_ROW)
    .filter((at) => tally[at + EPOCH] !== 0)
    .map((at) => ({
      epoch: tally[at + EPOCH]!,
      opened: tally[at + OPENED]!,
      lost: tally[at + LOST]!,
      undecryptable: tally[at + UNDECRYPTABLE]!,
    }));
}
