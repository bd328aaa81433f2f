import {
  type Counters,
  STAGE_OWN_NS,
  STAGE_ROUNDS,
  STAGE_TIMED_ROUNDS,
  STAGE_TOTAL_NS,
  STAGE_UNPLACED_NS,
  stageCounters,
  workerStages,
} from "./counters.ts";
import { STAGES, WAIT } from "./stages.ts";

/** The two clocks that stages are timed with. Each writes what it reads to its place: a number returned is allocated. */
export interface StageClock {
  /** `[WALL, CPU]`, in ns. */
  readonly ns: Float64Array;
  /** Time that goes on whatever the thread does. Cheap: 60 to 90 ns. */
  readWall(): void;
  /** CPU time of the thread: stands still while it is blocked or preempted. A system call: 600 to 800 ns. */
  readCpu(): void;
}

export const WALL = 0;
export const CPU = 1;

// Numbers that are not small integers live in a typed array: as fields they might be allocated anew with each store.
/** Wall time up to which everything was given to a stage. */
const LAST = 0;
/** Wall time less CPU time, after the CPU time was read last; by how much it had grown since the reading before. */
const OFFSET = 1;
const GROWTH = 2;
/** CPU time when the timing began. */
const STARTED = 3;
/** What a mark costs, and one behind a system call; what the last reading of the CPU time took; the sum of what all of them have cost. */
const COST = 4;
const CALL_COST = 5;
const CPU_TOOK = 6;
const OWN = 7;

const CALIBRATION_ROUNDS = 40;
const CALIBRATION_MARKS = 20;
const PIECE = new Uint8Array(64);
/** A stage that there is not, for calibration. */
const NO_STAGE = STAGES.length;
/** A reading of the CPU time that took longer was preempted. */
const MAX_READING_NS = 5_000;
/** No stage runs for that long, so the thread was blocked or preempted. A copy of 64 KiB takes 10 µs. */
const SUSPICIOUS_NS = 50_000;
const NOT_STARTED = -1;

/**
 * Says which stage the CPU time of a thread goes to. Off until `start`; then `mark` and `round` cost a look at a boolean.
 *
 * A worker's loop goes in rounds: wait, then forward what there is. Reading a clock costs as much as a cheap stage, so
 * only one round in `every`, on average, is timed, and that with all of its marks; the gaps are random, because traffic
 * has rhythms (data, acknowledgement, data). In a timed round every nanosecond is counted exactly once: `mark` gives the
 * time since the last mark to a stage, and what is left at the end of the round goes to `wait`.
 *
 * Marks read the wall clock, because the CPU clock costs ten times as much. The CPU clock is read once a round, after
 * each wait, and when a stage took too long to be true: by what the wall clock went ahead of it meanwhile, the thread
 * did not run, and that is taken off. What is found only at the end of a round cannot be placed; it is counted apart.
 *
 * What a mark costs is no stage's either. It is measured at `start`: the time of some work with marks, less the time
 * without. A clock is only read when all that was begun before is done, and behind a system call the processor has
 * forgotten where branches go: both cost more than readings one after the other would show.
 */
export class StageTimer {
  readonly #counters: Counters;
  readonly #at: number;
  readonly #clock: StageClock;
  readonly #every: number;
  /** 1 for a stage that ends with a system call. */
  readonly #isCall: Uint8Array;
  readonly #state = new Float64Array(8);
  #isOn = false;
  #isTimed = false;
  /** Rounds until the next timed one. */
  #gap = 0;
  #random = 1;

  /** @param worker whose block of `counters` only this timer writes */
  constructor(counters: Counters, worker: number, clock: StageClock, every: number) {
    this.#counters = counters;
    this.#at = workerStages(worker);
    this.#isCall = Uint8Array.from(STAGES, ({ call }, stage) => (call || stage === WAIT ? 1 : 0));
    this.#clock = clock;
    this.#every = every;
  }

  /** Measures what a mark costs (3 ms; up to 10 the first time), and times stages from the next round on. */
  start(): void {
    if (this.#isOn) return;
    const cost = this.#calibrate(shortWork);
    this.#state[CALL_COST] = this.#calibrate(() => this.#clock.readCpu());
    this.#state[COST] = cost;
    this.#state[STARTED] = NOT_STARTED;
    this.#state[OWN] = 0;
    this.#isOn = true;
    this.#gap = 0;
  }

  /** Ends the timing, in the middle of a round too; only now are the totals of the time since `start` counted. */
  stop(): void {
    if (!this.#isOn) return;
    this.#endRound();
    this.#isOn = false;
    const state = this.#state;
    if (state[STARTED] === NOT_STARTED) return;
    this.#clock.readCpu();
    this.#counters[this.#at + STAGE_TOTAL_NS]! += this.#clock.ns[CPU]! - state[STARTED]!;
    this.#counters[this.#at + STAGE_OWN_NS]! += state[OWN]!;
  }

  /** A round ends and the next begins. */
  round(): void {
    if (this.#isOn) this.#nextRound();
  }

  /** The time since the last mark, or since the round began, was spent in `stage`. */
  mark(stage: number): void {
    if (this.#isTimed) this.#give(stage);
  }

  #nextRound(): void {
    const { ns } = this.#clock;
    const state = this.#state;
    this.#endRound();
    if (state[STARTED] === NOT_STARTED) {
      this.#clock.readCpu();
      state[STARTED] = ns[CPU]!;
    }
    this.#counters[this.#at + STAGE_ROUNDS]!++;
    if (this.#gap-- > 0) return;
    this.#gap = this.#nextGap();
    this.#counters[this.#at + STAGE_TIMED_ROUNDS]!++;
    this.#isTimed = true;
    this.#clock.readWall();
    state[LAST] = ns[WALL]!;
    state[OWN]! += state[COST]!;
    this.#readCpu();
  }

  #endRound(): void {
    if (!this.#isTimed) return;
    this.#isTimed = false;
    const at = this.#at;
    this.#counters[at + stageCounters(WAIT)]! += this.#elapsed(COST);
    this.#readCpu();
    this.#counters[at + STAGE_UNPLACED_NS]! += this.#state[GROWTH]!;
  }

  #give(stage: number): void {
    const counters = this.#counters;
    const at = this.#at + stageCounters(stage);
    let spent = this.#elapsed(this.#isCall[stage] === 1 ? CALL_COST : COST);
    if (stage === WAIT || spent > SUSPICIOUS_NS) {
      this.#readCpu();
      spent -= this.#state[GROWTH]!;
    }
    counters[at]! += spent;
    counters[at + 1]!++;
  }

  /** Wall time since it was asked last, without what asking costs: the number that stands in `state` at `cost`. */
  #elapsed(cost: number): number {
    const state = this.#state;
    this.#clock.readWall();
    const now = this.#clock.ns[WALL]!;
    const elapsed = now - state[LAST]! - state[cost]!;
    state[LAST] = now;
    state[OWN]! += state[cost]!;
    return elapsed;
  }

  /**
   * Right after the wall clock, whose time stands in `LAST`; the time until this ends is no stage's. The CPU clock is taken
   * to be read in the middle of it. How long it takes is measured each time: after a wait, with cold caches, it is twice
   * what it is in a loop. But a thread is often preempted at the end of just this system call: then it took as long as the
   * last one.
   */
  #readCpu(): void {
    const { ns } = this.#clock;
    const state = this.#state;
    this.#clock.readCpu();
    const before = state[LAST]! - ns[CPU]!;
    this.#clock.readWall();
    const took = ns[WALL]! - state[LAST]!;
    if (took < MAX_READING_NS) state[CPU_TOOK] = took;
    const half = state[CPU_TOOK]! / 2;
    state[LAST] = ns[WALL]!;
    state[GROWTH] = before + half - state[OFFSET]!;
    state[OFFSET] = state[LAST]! - ns[CPU]! - half;
    state[OWN]! += state[CPU_TOOK]!;
  }

  /** From 0 to twice `every` less two, all alike likely: `every` less one on average. */
  #nextGap(): number {
    // The generator of Numerical Recipes; its upper bits are the random ones.
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
    return (this.#random >>> 8) % (2 * this.#every - 1);
  }

  /** @returns what a mark costs behind `work`: the median of some rounds, less the first, which run in slow code. */
  #calibrate(work: () => void): number {
    const costs = new Float64Array(CALIBRATION_ROUNDS);
    this.#state[COST] = 0;
    for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
      const without = this.#timeWork(work, false);
      costs[round] = (this.#timeWork(work, true) - without) / CALIBRATION_MARKS;
    }
    const settled = costs.subarray(CALIBRATION_ROUNDS / 2).sort();
    return Math.max(0, settled[settled.length >>> 1]!);
  }

  #timeWork(work: () => void, marked: boolean): number {
    const { ns } = this.#clock;
    this.#clock.readWall();
    const before = ns[WALL]!;
    this.#state[LAST] = before;
    this.#isTimed = marked;
    for (let i = 0; i < CALIBRATION_MARKS; i++) {
      work();
      this.mark(NO_STAGE);
    }
    this.#isTimed = false;
    this.#clock.readWall();
    return ns[WALL]! - before;
  }
}

/** About as much as a short stage does. */
function shortWork(): void {
  for (let at = 0; at < PIECE.length; at++) PIECE[at] = PIECE[at]! ^ at;
}
