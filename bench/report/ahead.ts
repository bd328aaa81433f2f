import type { DescribedSystem } from "./report.ts";
import type { FigureResult } from "./summary.ts";

/**
 * Says of each peer that did better than one of Warren's own systems how far it is ahead, so that no reader has to find
 * it among the ratios: `boringtun is ahead of warren: 1.30×`.
 */
export function peersAhead(figure: FigureResult, systems: readonly DescribedSystem[]): string[] {
  const named = (role: DescribedSystem["role"]) => systems.filter((system) => system.role === role);
  return named("own").flatMap(({ name: own }) => {
    const ratios = figure.cells.find(({ system }) => system === own)?.ratios ?? {};
    return named("peer").flatMap(({ name: peer }) => {
      const ratio = ratios[peer]?.median;
      if (ratio === undefined) return [];
      const lead = figure.better === "higher" ? 1 / ratio : ratio;
      return lead > 1 ? [`${peer} is ahead of ${own}: ${lead.toFixed(2)}×`] : [];
    });
  });
}
