import type { NotifySocket } from "./notify-socket.ts";

/** How often `systemctl status` gets a new line, where there is one. */
const STATUS_INTERVAL_MS = 5_000;

/** What a service manager wants to know of a service all the time. */
export interface Supervised {
  /** How it is, in one line for people. */
  headline(): string;
  /** False once it cannot do its work any more and nothing but a new start will help. */
  isAlive(): boolean;
}

export interface ServiceManagerOptions {
  readonly service: Supervised;
  readonly socket: NotifySocket;
  /** Without a sign of life for that long the manager ends the service; null: it does not look. */
  readonly watchdogMs: number | null;
  /** Told once, when the manager cannot be reached; the service goes on. */
  readonly onLost: (error: unknown) => void;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly monotonicUs?: () => bigint;
}

/**
 * The service manager that started this process, in the protocol of sd_notify(3). Signs of life are sent at half of the
 * time that the manager allows, from the main event loop: they stop when that hangs, and when the service says that it
 * is not alive. What the manager has no room for is kept, in its order, until it has; a sign of life is not.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #unsent: string[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #status = "";
  #isWatched = false;
  #isLost = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
  }

  /** The start begins: from here on the manager is told how far it is. */
  starting(): void {
    this.#tellStatus();
    this.#every(STATUS_INTERVAL_MS, () => this.#tellStatus());
  }

  /** The service does its work, for the first time or again after `reloading`. Signs of life follow. */
  ready(): void {
    this.#tell(`READY=1${this.#newStatus()}`);
    const { watchdogMs } = this.#options;
    if (watchdogMs === null || this.#isWatched) return;
    this.#isWatched = true;
    this.#beat();
    this.#every(watchdogMs / 2, () => this.#beat());
  }

  /** `ready` has to follow. */
  reloading(): void {
    const monotonicUs = this.#options.monotonicUs ?? (() => process.hrtime.bigint() / 1000n);
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${monotonicUs()}`);
  }

  /** The stop begins; also after a failed start, with the reason. */
  stopping(reason: string): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#tell(`STOPPING=1\nSTATUS=${oneLine(reason)}`);
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#options.socket.close();
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms).unref());
  }

  #beat(): void {
    if (!this.#options.service.isAlive()) return;
    this.#flush();
    if (this.#unsent.length === 0) this.#send("WATCHDOG=1");
  }

  #tellStatus(): void {
    const status = this.#newStatus();
    // The latest is all that counts: they must not pile up for a manager that does not read any more.
    if (status !== "" && this.#unsent.at(-1)?.startsWith("STATUS=")) this.#unsent.pop();
    if (status !== "") this.#tell(status.trimStart());
    else this.#flush();
  }

  /** The status where it is another than the manager has, as a line to go behind others. */
  #newStatus(): string {
    const status = oneLine(this.#options.service.headline());
    if (status === this.#status) return "";
    this.#status = status;
    return `\nSTATUS=${status}`;
  }

  #tell(message: string): void {
    this.#unsent.push(message);
    this.#flush();
  }

  #flush(): void {
    while (this.#unsent.length > 0 && this.#send(this.#unsent[0]!)) this.#unsent.shift();
  }

  #send(message: string): boolean {
    try {
      const isSent = this.#options.socket.send(message);
      if (isSent) this.#isLost = false;
      return isSent;
    } catch (error) {
      if (!this.#isLost) this.#options.onLost(error);
      this.#isLost = true;
      return false;
    }
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
