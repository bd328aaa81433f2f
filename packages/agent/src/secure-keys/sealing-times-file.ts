import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import type { Logger } from "pino";

/** Greatest timestamp of each peer key: both base64. */
export type SealingTimes = Readonly<Record<string, string>>;

const MIN_INTERVAL_MS = 1_000;

/**
 * The greatest timestamps of handshakes on disk, so that a recorded one is no good after a restart either (WireGuard paper
 * §5.1). What comes within the last second before a crash may be missing, and so may the file: then somebody who recorded
 * an initiation gets an answer that he cannot read, and nothing else.
 */
export class SealingTimesFile {
  readonly #file: StateFile<SealingTimes>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #now: () => SealingTimes;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #isDirty = false;
  #isFailing = false;
  #cancel: (() => void) | null = null;

  /** @param now what there is to be written */
  constructor(dataDir: string, clock: Clock, logger: Logger, now: () => SealingTimes) {
    this.#clock = clock;
    this.#logger = logger;
    this.#now = now;
    this.#file = new StateFile<SealingTimes>({
      path: join(dataDir, "sealing-times.json"),
      format: "warren-sealing-times/1",
      what: "the last handshake of each peer",
      wayOut: "remove it: handshakes that somebody recorded are then answered once more, which lets nobody in",
    });
  }

  /** Empty when there is no file. Throws `state-corrupt`. */
  read(): SealingTimes {
    return this.#file.read() ?? {};
  }

  /** Something has changed: the disk follows at once after a pause, at most once a second otherwise. */
  touch(): void {
    this.#isDirty = true;
    if (this.#cancel) return;
    const waitMs = this.#writtenAtMs + MIN_INTERVAL_MS - this.#clock.monotonicMs();
    if (waitMs <= 0) this.flush();
    else this.#cancel = this.#clock.after(waitMs, () => this.flush());
  }

  /** Writes what is waiting, now. One that fails is made up for by the next: handshakes do not wait for a disk. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (!this.#isDirty) return;
    this.#writtenAtMs = this.#clock.monotonicMs();
    try {
      this.#file.write(this.#now());
      this.#isDirty = false;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        this.#logger.warn({ err: WarrenError.from(error) }, "the times of handshakes could not be saved; trying again");
      this.#isFailing = true;
    }
  }
}
