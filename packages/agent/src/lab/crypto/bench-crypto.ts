import { median } from "@warren/common/report/statistics.ts";
import { figureOf } from "../figure.ts";
import { describeMachine } from "../machine.ts";
import type { ShowProgress } from "../progress.ts";
import { FORMAT, type LabFailure, type LabLine, type LabRun } from "../run.ts";
import { shuffled } from "../shuffle.ts";
import { type Cell, type CryptoOptions, matrix } from "./matrix.ts";
import type { Timed } from "./time-aead.ts";
import type { Sample, TakeSample } from "./worker-pool.ts";

const DIRECTIONS = ["seal", "open"] as const;
/** Below this the threads shared their cores with something else. */
const ALONE = 0.95;

/**
 * Measures every cell of the matrix: once for warming up, then `repeats` times, each time all of them in another order,
 * so that what slows the machine for a while slows a sample of each and not all samples of one.
 * @param take takes one sample; tests give their own
 */
export async function benchCrypto(
  options: CryptoOptions,
  take: TakeSample,
  progress: ShowProgress,
  started: string,
): Promise<LabRun> {
  const { repeats, seconds } = options;
  const cells = matrix(options);
  const samples = new Map<Cell, Sample[]>(cells.map((cell) => [cell, []]));
  const failures: LabFailure[] = [];
  let done = 0;
  for (let round = 0; round <= repeats; round++) {
    for (const cell of shuffled([...samples.keys()], round)) {
      const { cipher, implementation, size, threads } = cell;
      progress(done / (cells.length * (repeats + 1)), `${cipher} ${implementation} ${size} B × ${threads}`);
      try {
        const sample = await take(cell, seconds * 1000);
        // The first round is for compilers and caches.
        if (round > 0) samples.get(cell)!.push(sample);
      } catch (error) {
        failures.push({ key: { ...cell }, reason: (error as Error).message });
        samples.delete(cell);
      }
      done++;
    }
  }
  const onCore = [...samples.values()].flat().map((sample) => sample.onCore);
  return {
    format: FORMAT,
    kind: "crypto",
    started,
    machine: describeMachine(),
    settings: { repeats, seconds },
    lines: [...samples].flatMap(([cell, taken]) => linesOf(cell, taken)),
    failures,
    warnings: onCore.length > 0 && median(onCore) < ALONE ? [shared(median(onCore))] : [],
  };
}

function linesOf({ cipher, implementation, size, threads }: Cell, samples: readonly Sample[]): LabLine[] {
  return DIRECTIONS.map((direction) => {
    const perMs = samples.map(({ timed }) =>
      timed.reduce((sum, one) => sum + one.messages / millis(one, direction), 0),
    );
    return {
      key: { cipher, implementation, direction, size, threads },
      figures: [
        figureOf(
          "throughput",
          "GB/s",
          "speed",
          perMs.map((messages) => (messages * size) / 1e6),
        ),
        // What a thread waits for one message. The same samples as the throughput, so it is shown and not judged again.
        figureOf(
          "time",
          "ns/message",
          "shown",
          perMs.map((messages) => (threads * 1e6) / messages),
        ),
      ],
    };
  });
}

function millis({ sealMs, openMs }: Timed, direction: (typeof DIRECTIONS)[number]): number {
  return direction === "seal" ? sealMs : openMs;
}

function shared(onCore: number): string {
  return `the measuring threads had their cores for ${(onCore * 100).toFixed(0)} % of the time: something else runs here; repeat this on a quiet machine before you trust it`;
}
