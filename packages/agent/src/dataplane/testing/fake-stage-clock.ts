import { CPU, type StageClock, WALL } from "../stage-timer.ts";

/** Clocks that stand still but for what a test says, and for what reading them is said to cost. */
export class FakeStageClock implements StageClock {
  readonly ns = new Float64Array(2);
  wallCost = 0;
  cpuCost = 0;
  /** How long the thread does not run at the end of the next reading of its CPU time. */
  preempted = 0;
  readonly #now = new Float64Array(2);

  readWall(): void {
    this.ns[WALL] = this.#now[WALL]!;
    this.run(this.wallCost);
  }

  readCpu(): void {
    this.ns[CPU] = this.#now[CPU]!;
    this.run(this.cpuCost);
    this.pause(this.preempted);
    this.preempted = 0;
  }

  /** The thread runs. */
  run(ns: number): void {
    this.#now[CPU]! += ns;
    this.#now[WALL]! += ns;
  }

  /** The thread is blocked or preempted. */
  pause(ns: number): void {
    this.#now[WALL]! += ns;
  }
}
