import { seededRandom } from "@warren/agent/platform/memory/random.ts";

/** `WARREN_SEED` repeats a run; without it every run is another one. */
export const SEED: number = readSeed(process.env["WARREN_SEED"]);

/** A generator of its own for each purpose, so that one more draw for one thing does not change all the others. */
export function randomFor(seed: number, purpose: string): () => number {
  let hash = seed | 0;
  for (const char of purpose) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  return seededRandom(hash);
}

/** Bytes of the generator, for what wants unpredictable ones elsewhere. */
export function bytesFor(seed: number, purpose: string): (length: number) => Uint8Array<ArrayBuffer> {
  const random = randomFor(seed, purpose);
  return (length) => Uint8Array.from({ length }, () => random() * 256);
}

function readSeed(text: string | undefined): number {
  if (text === undefined || text === "") return Math.floor(Math.random() * 0x7fff_ffff);
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new Error(`WARREN_SEED is "${text}"; expected a whole number`);
  return seed;
}
