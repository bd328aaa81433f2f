/** How the demo talks: a line that lives while steps run on a terminal, finished lines everywhere else. */

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const FRAME_MS = 80;
const CLEAR_LINE = "\r\x1b[K";

export interface Step {
  /** Replaces what is said about the running step. */
  update(text: string): void;
}

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #color: boolean;
  /** Texts of the steps that run now; the live line shows the newest. */
  readonly #running = new Set<{ text: string }>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && process.env["TERM"] !== "dumb";
    this.#color = this.#live && !process.env["NO_COLOR"];
  }

  /** A line of its own. */
  say(text = ""): void {
    this.#stream.write(`${this.#live ? CLEAR_LINE : ""}${text}\n`);
  }

  title(text: string): void {
    this.say(this.#paint("1", text));
  }

  /** A result that is not what it should be. */
  fail(text: string): void {
    this.say(`${this.#paint("31", "✗")} ${text}`);
  }

  /**
   * Runs `work` as one step. Ends with a line that carries what `work` returned and the time it took; with a cross and
   * the last text when it throws. Steps may run side by side.
   */
  async step(text: string, work: (step: Step) => Promise<string>): Promise<void> {
    const started = performance.now();
    const running = { text };
    this.#running.add(running);
    this.#draw();
    const finish = (mark: string, last: string) => {
      this.#running.delete(running);
      const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
      this.say(`${mark} ${last.padEnd(84)} ${this.#paint("2", seconds.padStart(6))}`);
      this.#draw();
    };
    try {
      const update = (next: string) => {
        running.text = next;
      };
      finish(this.#paint("32", "✓"), await work({ update }));
    } catch (thrown) {
      finish(this.#paint("31", "✗"), running.text);
      throw thrown;
    }
  }

  #draw(): void {
    if (!this.#live) return;
    const newest = [...this.#running].at(-1);
    if (!newest) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
    const spinner = FRAMES[this.#frame++ % FRAMES.length]!;
    const text = newest.text.slice(0, (this.#stream.columns || 80) - 3);
    this.#stream.write(`${CLEAR_LINE}${this.#paint("36", spinner)} ${text}`);
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}
