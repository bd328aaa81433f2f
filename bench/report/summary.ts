import { type Spread, spread } from "@warren/common/report/statistics.ts";
import type { Sample } from "../compare.ts";
import { type ByRound, pairedRatios } from "../paired-ratios.ts";
import type { Figure } from "../works/work.ts";

/** All rounds of one figure of one system. */
export interface Cell {
  readonly system: string;
  readonly value: Spread;
  /** By reference, paired by round. None to itself, and none to a reference that no round has both of. */
  readonly ratios: Readonly<Record<string, Spread>>;
}

/** One figure with all systems that have a value of it. */
export interface FigureResult extends Figure {
  readonly cells: readonly Cell[];
}

export interface Summarised {
  readonly figures: readonly Figure[];
  /** Names, in the order of the table. */
  readonly systems: readonly string[];
  readonly references: readonly string[];
  readonly samples: readonly Sample[];
}

/** Medians, spreads and ratios from raw samples. */
export function summarise({ figures, systems, references, samples }: Summarised): FigureResult[] {
  return figures.map(({ name, about, unit, better }) => {
    const cells = systems.flatMap((system): Cell[] => {
      const values = valuesOf(samples, name, system);
      if (values.size === 0) return [];
      const ratios = references.flatMap((reference) => {
        const ratio = reference === system ? null : ratioOf(samples, name, system, reference);
        return ratio ? [[reference, ratio] as const] : [];
      });
      return [{ system, value: spread([...values.values()]), ratios: Object.fromEntries(ratios) }];
    });
    return { name, about, unit, better, cells };
  });
}

/** Spread of the ratios of two systems within each round; null when no round has both. */
export function ratioOf(samples: readonly Sample[], figure: string, system: string, to: string): Spread | null {
  const ratios = pairedRatios(valuesOf(samples, figure, system), valuesOf(samples, figure, to));
  return ratios.length > 0 ? spread(ratios) : null;
}

/** Of the references of a suite, those that some system has a ratio to in some figure. */
export function measuredReferences(suite: {
  readonly references: readonly string[];
  readonly figures: readonly FigureResult[];
}): string[] {
  const { references, figures } = suite;
  return references.filter((to) => figures.some(({ cells }) => cells.some(({ ratios }) => ratios[to])));
}

function valuesOf(samples: readonly Sample[], figure: string, system: string): ByRound {
  const own = samples.filter((sample) => sample.system === system && sample.figure === figure);
  return new Map(own.map(({ round, value }) => [round, value]));
}
