import { formatDuration } from "@warren/common/report/duration.ts";
import type { CommandContext } from "../context.ts";

/** Between two lines where there is no terminal to write over. */
const LINES_EVERY_MS = 5000;
/** Between two changes of the line of a terminal. */
const REDRAW_MS = 100;

/** Tells how far a measurement is: on a terminal one line that changes, elsewhere lines, when asked for. */
export class Progress {
  readonly #context: CommandContext;
  readonly #lines: boolean;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(context: CommandContext, nowMs: () => number = () => performance.now()) {
    this.#context = context;
    this.#lines = context.flags["verbose"] === true;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  readonly show = (share: number, what: string): void => {
    const { showLine, note } = this.#context;
    const draw = showLine ?? (this.#lines ? note : undefined);
    const now = this.#nowMs();
    if (draw === undefined || now - this.#lastMs < (showLine ? REDRAW_MS : LINES_EVERY_MS)) return;
    this.#lastMs = now;
    this.#isDrawn = true;
    draw(`${String(Math.floor(share * 100)).padStart(3)} %${this.#left(share, now)}  ${what}`);
  };

  /** Takes the line away, if there is one: what follows begins on an empty one. */
  end(): void {
    if (this.#isDrawn) this.#context.showLine?.(null);
    this.#isDrawn = false;
  }

  #left(share: number, now: number): string {
    const elapsed = now - this.#startMs;
    return share > 0.02 ? `, ${formatDuration((elapsed / share) * (1 - share))} left` : "";
  }
}
