import type { SimProcess } from "./sim-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** After how long without an answer either side gives a connection up, as the channel's keep-alive does. */
const KEEPALIVE_MS = 15_000;

export interface Path {
  readonly time: VirtualTime;
  /** How long the next message takes; drawn once for each. */
  readonly delayMs: () => number;
  readonly isCut: () => boolean;
}

interface Message {
  readonly readyMs: number;
  readonly deliver: () => void;
}

/**
 * A TCP connection: messages arrive in order or not at all. While the path is cut they wait, since TCP sends them again;
 * after the keep-alive's patience the connection breaks, and what waits is lost.
 */
export class Connection {
  readonly #path: Path;
  readonly #lanes = { up: [] as Message[], down: [] as Message[] };
  readonly #moving = { up: false, down: false };
  readonly #onBreak = new Set<(reason: string) => void>();
  open = true;
  /** Its own address is gone: nothing passes ever again, and nobody is told. */
  #isStranded = false;
  #isAsleep = false;

  constructor(path: Path, owner: SimProcess) {
    this.#path = path;
    owner.onEnd(() => this.break("the client is gone"));
    if (path.isCut()) this.onCut();
  }

  /** Runs `deliver` at the other end: `up` is towards the control plane. */
  carry(lane: "up" | "down", deliver: () => void): void {
    if (!this.open) return;
    const { time, delayMs } = this.#path;
    this.#lanes[lane].push({ readyMs: time.monotonicMs() + delayMs(), deliver });
    this.#move(lane);
  }

  /** Has `fn` called when the connection breaks; the returned function takes that back. */
  onBreak(fn: (reason: string) => void): () => void {
    this.#onBreak.add(fn);
    return () => this.#onBreak.delete(fn);
  }

  break(reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.#lanes.up.length = 0;
    this.#lanes.down.length = 0;
    for (const fn of [...this.#onBreak]) fn(reason);
    this.#onBreak.clear();
  }

  /**
   * The address of the client's end is gone for good, or the other end has forgotten the connection.
   * @param isAsleep the client does not notice by itself: its keep-alive stands still
   */
  strand(isAsleep = false): void {
    this.#isStranded = true;
    this.#isAsleep = isAsleep;
    if (!isAsleep) this.onCut();
  }

  get #isCut(): boolean {
    return this.#isStranded || this.#path.isCut();
  }

  /** The path was cut just now. */
  onCut(): void {
    if (this.#isAsleep) return;
    const sinceMs = this.#path.time.monotonicMs();
    this.#cutSinceMs = sinceMs;
    this.#path.time.after(KEEPALIVE_MS, () => {
      if (this.#isCut && this.#cutSinceMs === sinceMs) this.break("keep-alive timed out");
    });
  }

  /** The path was healed. */
  onHeal(): void {
    if (this.#isStranded) return;
    this.#cutSinceMs = null;
    this.#move("up");
    this.#move("down");
  }

  #cutSinceMs: number | null = null;

  #move(lane: "up" | "down"): void {
    const head = this.#lanes[lane][0];
    if (!head || this.#moving[lane] || this.#isCut) return;
    this.#moving[lane] = true;
    this.#path.time.after(head.readyMs - this.#path.time.monotonicMs(), () => {
      this.#moving[lane] = false;
      if (!this.open || this.#isCut) return;
      this.#lanes[lane].shift();
      head.deliver();
      this.#move(lane);
    });
  }
}
