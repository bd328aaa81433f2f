import type { Sample } from "../compare.ts";
import { pairedRatios, type Spread, spread } from "../statistics.ts";
import type { Figure } from "../works/work.ts";

/** All rounds of one figure of one system. */
export interface Cell {
  readonly system: string;
  readonly value: Spread;
  /** To the reference system, paired by round; null for the reference itself and where no round has both. */
  readonly ratio: Spread | null;
  /** Null where the figure has no goal for this system. */
  readonly goal: { readonly text: string; readonly reached: boolean } | null;
}

/** One figure of all systems that have a value of it. */
export interface Row {
  readonly figure: Figure;
  readonly cells: readonly Cell[];
}

export interface Summarised {
  readonly figures: readonly Figure[];
  /** Names, in the order of the table. */
  readonly systems: readonly string[];
  readonly samples: readonly Sample[];
  readonly reference: string | null;
  /** The system that the goals of the figures are meant for. */
  readonly subject: string;
}

/** Medians, spreads and ratios from raw samples. */
export function summarise({ figures, systems, samples, reference, subject }: Summarised): Row[] {
  return figures.map((figure) => {
    const byRound = (system: string) =>
      new Map(
        samples
          .filter((s) => s.system === system && s.figure === figure.name)
          .map(({ round, value }) => [round, value]),
      );
    const references = reference === null ? new Map<number, number>() : byRound(reference);
    const cells = systems.flatMap((system) => {
      const values = byRound(system);
      if (values.size === 0) return [];
      const ratios = system === reference ? [] : pairedRatios(values, references);
      const value = spread([...values.values()]);
      const ratio = ratios.length > 0 ? spread(ratios) : null;
      return [{ system, value, ratio, goal: system === subject ? judge(figure, value, ratio) : null }];
    });
    return { figure, cells };
  });
}

function judge({ goal, better, unit }: Figure, value: Spread, ratio: Spread | null): Cell["goal"] {
  if (!goal) return null;
  const sign = better === "higher" ? "≥" : "≤";
  const [limit, median, text] =
    "ratio" in goal
      ? [goal.ratio, ratio?.median, `${sign} ${goal.ratio} ×`]
      : [goal.value, value.median, `${sign} ${goal.value} ${unit}`];
  if (median === undefined) return null;
  return { text, reached: better === "higher" ? median >= limit : median <= limit };
}
