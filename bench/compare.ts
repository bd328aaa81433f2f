import type { Contender } from "./systems/system.ts";
import type { Figure, Work } from "./works/work.ts";

/** One measured value. */
export interface Sample {
  readonly system: string;
  readonly figure: string;
  readonly round: number;
  readonly value: number;
}

/** What could not be measured; said in every report instead of leaving a gap. */
export interface Failure {
  readonly system: string;
  /** Null when the system itself could not be set up. */
  readonly work: string | null;
  readonly round: number;
  readonly reason: string;
}

export interface Comparison {
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
}

export interface CompareOptions {
  readonly contenders: readonly Contender[];
  readonly works: readonly Work[];
  readonly rounds: number;
  /** Length of a measured run. */
  readonly seconds: number;
  /** Length of the warm-up before each of them: code gets hot, queues and windows find their size. */
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/**
 * Measures every contender with every work, round after round. The values that are compared with each other come from
 * one round, so they are neighbours in time; the order of contenders moves on by one each round, so that none is always
 * the one that runs on a cold or a hot machine. One that cannot be set up is left out from then on and named.
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { contenders, works, rounds, seconds, warmUpSeconds, signal, progress } = options;
  const samples: Sample[] = [];
  const failures: Failure[] = [];
  const absent = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of rotate(contenders, round)) {
      const { name: system } = contender;
      if (absent.has(system)) continue;
      const at = `round ${round + 1}/${rounds}  ${system.padEnd(14)}`;
      const fail = (work: string | null, error: unknown): void => {
        // Told to stop: every error from here on is an effect of that.
        signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        failures.push({ system, work, round, reason });
        progress(`${at}${work ?? "set-up"} failed: ${reason}`);
      };
      try {
        const path = await contender.setUp(signal);
        for (const work of works) {
          try {
            await (work.warmUp ?? work.run)(path, warmUpSeconds, signal);
            const values = await work.run(path, seconds, signal);
            const measured = work.figures.flatMap((figure, index) => {
              const value = values[index];
              return typeof value === "number" ? [{ figure, value }] : [];
            });
            for (const { figure, value } of measured) samples.push({ system, figure: figure.name, round, value });
            if (measured.length > 0) progress(`${at}${describe(measured)}`);
          } catch (error) {
            fail(work.name, error);
          }
        }
      } catch (error) {
        fail(null, error);
        absent.add(system);
      } finally {
        await contender.tearDown();
      }
    }
  }
  return { samples, failures };
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const start = by % Math.max(items.length, 1);
  return [...items.slice(start), ...items.slice(0, start)];
}

function describe(measured: readonly { readonly figure: Figure; readonly value: number }[]): string {
  return measured.map(({ figure, value }) => `${figure.name} ${value.toPrecision(3)} ${figure.unit}`).join("  ");
}
