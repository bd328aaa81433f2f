import { median } from "@warren/common/report/statistics.ts";
import { describeKey, keyText } from "./figure.ts";
import type { Change, Comparison, Figure, LabKey, LabRun, Verdict } from "./run.ts";
import { holm } from "./statistics/holm.ts";
import { type RankTest, rankTest, smallestP } from "./statistics/rank-test.ts";

const CHANCE = 0.05;
/** However sure, less is not called: where memory happens to lie is worth as much. */
const LEAST = 0.01;
const NAMED = 5;

interface Pair {
  readonly key: LabKey;
  readonly figure: Figure;
  readonly earlier: Figure;
}

/**
 * What became faster or slower since an earlier run, line by line: the exact test of Mann and Whitney, corrected for the
 * number of lines after Holm, so that two runs without any difference have a line called real in one of twenty
 * comparisons at most.
 * @param file what the earlier run is called in the notes
 */
export function compareRuns(run: LabRun, earlier: LabRun, file: string): Comparison {
  const pairs = pairsOf(run, earlier);
  const tests = pairs.map(({ figure, earlier: { samples } }) => rankTest(samples, figure.samples));
  const ps = holm(tests.map(({ p }) => p));
  const changes = pairs.map(({ key, figure }, index): Change => {
    const { ratio, low, high } = tests[index]!;
    const p = ps[index]!;
    return { key, figure: figure.name, ratio, low, high, p, verdict: verdictOf(figure, tests[index]!, p) };
  });
  const speeds = changes.filter((_, index) => pairs[index]!.figure.kind === "speed").map(({ ratio }) => ratio);
  return {
    against: file,
    started: earlier.started,
    changes,
    overall: speeds.length > 0 ? median(speeds) : null,
    notes: notesOn(run, earlier, pairs),
  };
}

function verdictOf({ kind }: Figure, { ratio }: RankTest, p: number): Verdict {
  if (p > CHANCE || Math.abs(ratio - 1) < LEAST) return "no real difference";
  if (kind === "speed") return ratio > 1 ? "faster" : "slower";
  return ratio < 1 ? "better" : "worse";
}

/** Every speed and cost that both runs have, of the same place in the matrix, in the order of the later run. */
function pairsOf(run: LabRun, earlier: LabRun): Pair[] {
  const known = new Map(earlier.lines.map((line) => [keyText(line.key), line]));
  return run.lines.flatMap(({ key, figures }) =>
    figures.flatMap((figure) => {
      const other = known.get(keyText(key))?.figures.find(({ name }) => name === figure.name);
      const isUsable = other !== undefined && isComparable(figure) && isComparable(other);
      return isUsable ? [{ key, figure, earlier: other }] : [];
    }),
  );
}

function isComparable({ kind, samples }: Figure): boolean {
  return kind !== "shown" && samples.length > 0 && samples.every((sample) => sample > 0);
}

function notesOn(run: LabRun, earlier: LabRun, pairs: readonly Pair[]): string[] {
  const notes = [onlyIn(run, earlier, "only in this run"), onlyIn(earlier, run, "only in the earlier run")];
  for (const part of ["cpu", "cores", "kernel", "node"] as const)
    if (run.machine[part] !== earlier.machine[part])
      notes.push(`${part} then: ${earlier.machine[part]}, now: ${run.machine[part]}`);
  for (const name of Object.keys(run.settings))
    if (name !== "repeats" && earlier.settings[name] !== run.settings[name])
      notes.push(`${name} then: ${earlier.settings[name] ?? "not given"}, now: ${run.settings[name]}`);
  const smallest = Math.min(...pairs.map((pair) => smallestP(pair.figure.samples.length, pair.earlier.samples.length)));
  if (pairs.length > 0 && smallest * pairs.length > CHANCE)
    notes.push(
      `too few repeats to tell a difference among ${pairs.length} figures from chance: take ${repeatsFor(pairs.length)} in both runs, or fewer lines`,
    );
  if (pairs.length === 0) notes.push("the runs have no line in common");
  return notes.filter((note) => note !== null);
}

function onlyIn(run: LabRun, other: LabRun, where: string): string | null {
  const known = new Set(other.lines.map(({ key }) => keyText(key)));
  const alone = run.lines.filter(({ key }) => !known.has(keyText(key)));
  if (alone.length === 0) return null;
  const named = alone.slice(0, NAMED).map(({ key }) => describeKey(key));
  return `${where}: ${named.join("; ")}${alone.length > NAMED ? `; and ${alone.length - NAMED} more` : ""}`;
}

/** The fewest repeats of each run with which a difference can be told among so many figures. */
function repeatsFor(figures: number): number {
  let repeats = 3;
  while (smallestP(repeats, repeats) * figures > CHANCE) repeats++;
  return repeats;
}
