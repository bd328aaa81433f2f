import type { Systemd, UnitState } from "../systemd.ts";

/** A service manager of memory: what it was told, and units that come up, or not, as the test says. */
export class FakeSystemd implements Systemd {
  readonly calls: string[] = [];
  /** What `state` answers, one after the other; the last one stays. */
  states: UnitState[] = [{ active: "active", sub: "running", status: "ready" }];
  lines: string[] = [];

  readonly #runs: boolean;

  constructor(runs = true) {
    this.#runs = runs;
  }

  isRunning(): boolean {
    return this.#runs;
  }

  async reload(): Promise<void> {
    this.calls.push("reload");
  }

  async enable(unit: string): Promise<void> {
    this.calls.push(`enable ${unit}`);
  }

  async start(unit: string): Promise<void> {
    this.calls.push(`start ${unit}`);
  }

  async disable(unit: string): Promise<void> {
    this.calls.push(`disable ${unit}`);
  }

  async state(): Promise<UnitState> {
    return this.states.length > 1 ? this.states.shift()! : this.states[0]!;
  }

  async lastLines(): Promise<string[]> {
    return this.lines;
  }
}
