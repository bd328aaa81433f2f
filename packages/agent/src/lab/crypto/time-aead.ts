import { median } from "@warren/common/report/statistics.ts";
import { type Aead, type AeadKey, KEY, TAG } from "../../secure/aead.ts";
import { type Layout, runAt } from "./layout.ts";

/** What one thread did in one sample: a typical round. */
export interface Timed {
  /** In one round. */
  readonly messages: number;
  /** Median time of all rounds. */
  readonly sealMs: number;
  readonly openMs: number;
}

const FILLING = 0x5a;

/**
 * Seals everything in the area and opens it again, over and over, for at least `forMs`, and times each of these rounds.
 * A round takes far less than the scheduler gives to another thread at a time: one that was interrupted stands out, and
 * the median is that of rounds that were not. The key is made for this sample and wiped, so its counter begins at 0 and
 * never comes round.
 * @param bytes the memory that `aead` was made for
 * @throws Error when something is not sealed, or does not open: a figure of such an implementation means nothing
 */
export function timeAead(
  aead: Aead,
  bytes: Uint8Array,
  layout: Layout,
  forMs: number,
  nowMs: () => number,
  secret: Uint8Array = new Uint8Array(KEY).fill(7),
): Timed {
  const { run, runs } = layout;
  const key = aead.createKey(secret);
  try {
    bytes.fill(FILLING);
    let counter = 0;
    // Uncounted: fills the caches, and shows that the ciphertext is one.
    sealAll(key, layout, counter);
    if (allFilling(bytes, layout)) throw new Error(`${aead.cipher}: sealing left the plaintext as it was`);
    openAll(key, layout, counter);
    if (!allFilling(bytes, layout)) throw new Error(`${aead.cipher}: what was opened is not what was sealed`);
    const sealMs: number[] = [];
    const openMs: number[] = [];
    const untilMs = nowMs() + forMs;
    for (let end = 0; end < untilMs; ) {
      counter += run * runs;
      const start = nowMs();
      sealAll(key, layout, counter);
      const middle = nowMs();
      openAll(key, layout, counter);
      end = nowMs();
      sealMs.push(middle - start);
      openMs.push(end - middle);
    }
    return { messages: run * runs, sealMs: median(sealMs), openMs: median(openMs) };
  } finally {
    key.wipe();
  }
}

function sealAll(key: AeadKey, layout: Layout, counter: number): void {
  const { size, stride, run, runs } = layout;
  for (let index = 0; index < runs; index++) {
    const sealed = key.seal(runAt(layout, index), stride, run, size, size, counter + index * run, 0);
    if (sealed !== run) throw new Error(`sealed ${sealed} messages of ${run}`);
  }
}

function openAll(key: AeadKey, layout: Layout, counter: number): void {
  const { size, stride, run, runs } = layout;
  for (let index = 0; index < runs; index++) {
    const at = runAt(layout, index);
    for (let message = 0; message < run; message++) {
      if (!key.open(at + message * stride, size + TAG, counter + index * run + message, 0))
        throw new Error(`message ${message} of a run did not open`);
    }
  }
}

/** Whether every plaintext is what it was before it was sealed. */
function allFilling(bytes: Uint8Array, layout: Layout): boolean {
  const { size, stride, run, runs } = layout;
  for (let index = 0; index < run * runs; index++) {
    const at = runAt(layout, 0) + index * stride;
    for (let offset = 0; offset < size; offset++) if (bytes[at + offset] !== FILLING) return false;
  }
  return true;
}
