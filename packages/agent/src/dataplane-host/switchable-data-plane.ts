import type { DataplaneKind } from "@warren/common/api/types.ts";
import type { DropReason } from "../dataplane/drop.ts";
import type { DataPlane, DataPlaneSealing, DataPlaneStats, ForwardingView } from "./data-plane.ts";

export interface SwitchableDataPlaneOptions {
  readonly kind: DataplaneKind;
  /** Called once for each kind, when it is first needed; to be at the underlay address of the moment. */
  readonly create: (kind: DataplaneKind) => DataPlane;
}

const EMPTY: ForwardingView = { localPrefixes: [], peers: [] };

/**
 * One packet path out of several, changed while it runs. Only one can have the device's name and the port, so there is a
 * moment without either; all that can be done before it is.
 */
export class SwitchableDataPlane implements DataPlane {
  readonly #options: SwitchableDataPlaneOptions;
  readonly #planes = new Map<DataplaneKind, DataPlane>();
  readonly #listeners: ((error: Error) => void)[] = [];
  #kind: DataplaneKind;
  #view = EMPTY;

  constructor(options: SwitchableDataPlaneOptions) {
    this.#options = options;
    this.#kind = options.kind;
  }

  get kind(): DataplaneKind {
    return this.#kind;
  }

  start(): Promise<void> {
    return this.#plane(this.#kind).start();
  }

  async apply(view: ForwardingView): Promise<void> {
    // Also when it fails: a change must not bring an older view back.
    this.#view = view;
    await this.#plane(this.#kind).apply(view);
  }

  /** Also those that are stopped: they start at the new address. */
  async rebind(underlayAddress: string): Promise<void> {
    await this.#plane(this.#kind).rebind(underlayAddress);
    for (const [kind, plane] of this.#planes) if (kind !== this.#kind) await plane.rebind(underlayAddress);
  }

  /**
   * Changes over, with the view that was applied last. When the other one cannot start, the old one starts again, and the
   * error says why; when that fails too, the path is down and `onFailure` says so.
   *
   * @param started what the host has to do once the device of the one that started is there
   */
  async changeTo(kind: DataplaneKind, started: () => Promise<void>): Promise<void> {
    if (kind === this.#kind) return;
    const [from, to] = [this.#plane(this.#kind), this.#plane(kind)];
    const before = this.#kind;
    try {
      await to.prepare?.(this.#view);
    } catch (error) {
      await to.stop();
      throw error;
    }
    const run = async (plane: DataPlane): Promise<void> => {
      await plane.start();
      await started();
      await plane.apply(this.#view);
    };
    try {
      this.#kind = kind;
      await from.stop();
      await run(to);
    } catch (error) {
      this.#kind = before;
      try {
        await to.stop();
        await run(from);
      } catch (second) {
        for (const listener of this.#listeners) listener(second as Error);
      }
      throw error;
    }
  }

  /** Totals over all that ever ran, so that they never go back; the rest is the present one's. */
  stats(): DataPlaneStats {
    const present = this.#plane(this.#kind).stats();
    const all = [...this.#planes].map(([, plane]) => plane.stats());
    return {
      ...present,
      total: sum(all.map(({ total }) => total)),
      drops: sum<DropReason>(all.map(({ drops }) => drops)),
      syscalls: sum(all.map(({ syscalls }) => syscalls)),
    };
  }

  timeStages(on: boolean): Promise<void> {
    return this.#plane(this.#kind).timeStages(on);
  }

  sealing(): DataPlaneSealing | null {
    return this.#plane(this.#kind).sealing?.() ?? null;
  }

  async stop(): Promise<void> {
    // One that could not even be made is not made for this.
    await this.#planes.get(this.#kind)?.stop();
  }

  onFailure(listener: (error: Error) => void): void {
    this.#listeners.push(listener);
    for (const plane of this.#planes.values()) plane.onFailure(listener);
  }

  #plane(kind: DataplaneKind): DataPlane {
    let plane = this.#planes.get(kind);
    if (!plane) {
      plane = this.#options.create(kind);
      this.#planes.set(kind, plane);
      for (const listener of this.#listeners) plane.onFailure(listener);
    }
    return plane;
  }
}

/** Adds up number by number; there is at least one. */
function sum<Key extends string>(records: readonly Readonly<Record<Key, number>>[]): Record<Key, number> {
  const total = { ...records[0]! } as Record<Key, number>;
  for (const record of records.slice(1)) for (const key of Object.keys(record) as Key[]) total[key] += record[key];
  return total;
}
