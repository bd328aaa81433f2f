/** What systemd says of a unit, as far as it is needed (`systemctl show`). */
export interface UnitState {
  /** `inactive` also for one that is not installed. */
  readonly active: "active" | "activating" | "reloading" | "deactivating" | "inactive" | "failed";
  /** Such as `running`, `auto-restart`. */
  readonly sub: string;
  /** What the service says it is doing (`STATUS=` of sd_notify); empty when it says nothing. */
  readonly status: string;
}

/** The service manager of this host. Units are named with `.service`. */
export interface Systemd {
  /** False in most containers, and where another init runs. */
  isRunning(): boolean;
  /** Reads unit files again that were written or removed. */
  reload(): Promise<void>;
  /** Starts it at every boot from now on. */
  enable(unit: string): Promise<void>;
  /** Asks for a start and does not wait for it. */
  start(unit: string): Promise<void>;
  /** Stops it, waits, and starts it no more at boot; no error when it is not there. */
  disable(unit: string): Promise<void>;
  state(unit: string): Promise<UnitState>;
  /** The last lines that the unit logged, oldest first. */
  lastLines(unit: string, count: number): Promise<string[]>;
}
