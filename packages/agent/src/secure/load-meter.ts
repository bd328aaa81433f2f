const WINDOW_MS = 1_000;

/**
 * Whether strangers make us work more than we want to: messages that cost a key agreement, counted by the second. Under
 * load a cookie is asked for (paper §5.3), until a second has passed with less.
 */
export class LoadMeter {
  readonly #perSecond: number;
  readonly #mostPerSecond: number;
  #windowMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #loadedUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * @param perSecond from which on there is load
   * @param mostPerSecond from which on even to say so is too much
   */
  constructor(perSecond: number, mostPerSecond: number) {
    this.#perSecond = perSecond;
    this.#mostPerSecond = mostPerSecond;
  }

  /** Another message came. @returns whether there is load */
  arrived(nowMs: number): boolean {
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      this.#windowMs = nowMs;
      this.#count = 0;
    }
    if (++this.#count > this.#perSecond) this.#loadedUntilMs = nowMs + WINDOW_MS;
    return nowMs < this.#loadedUntilMs;
  }

  get isOverwhelmed(): boolean {
    return this.#count > this.#mostPerSecond;
  }
}
