import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Compare, Operation, Store } from "../store/store.ts";
import type { ClusterView } from "./cluster-view.ts";
import { encode, type Table } from "./table.ts";

/** Attempts before a conflict is given to the caller. Inside one control plane writes queue, so a second is rare. */
const ATTEMPTS = 16;

/** One transaction in the making: every row that decided is compared, every row that changes is written. */
export class Draft {
  readonly compares = new Map<string, Compare>();
  readonly operations = new Map<string, Operation>();

  /** The transaction fails when this row is changed meanwhile. Returns its value as it is now. */
  read<T>(table: Table<T>, id: string): T | undefined {
    const key = table.prefix + id;
    this.compares.set(key, { key, modRevision: table.modRevision(id) });
    return table.get(id);
  }

  /** Writes nothing when the row has this value already; then the transaction only checks that it still has. */
  put<T>(table: Table<T>, id: string, value: T): void {
    const key = table.prefix + id;
    const text = encode(value);
    const before = table.get(id);
    if (before !== undefined && !this.operations.has(key) && encode(before) === text) this.read(table, id);
    else this.operations.set(key, { type: "put", key, value: text });
  }

  delete<T>(table: Table<T>, id: string): void {
    const key = table.prefix + id;
    this.operations.set(key, { type: "delete", key });
  }
}

/**
 * Writes by compare-and-swap. `build` decides on the view and fills the draft; when what it read was changed meanwhile
 * (by another control plane on the same store) it is asked again on the newer view.
 */
export class Transactor {
  readonly #store: Store;
  readonly #view: ClusterView;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(store: Store, view: ClusterView) {
    this.#store = store;
    this.#view = view;
  }

  /**
   * Resolves with what `build` returned, once the view shows the write. Throws what `build` throws, with nothing
   * written; `conflict` after too many attempts; `unavailable`.
   */
  run<T>(build: (draft: Draft) => T): Promise<T> {
    const turn = this.#queue.then(() => this.#attempt(build));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #attempt<T>(build: (draft: Draft) => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const draft = new Draft();
      const result = build(draft);
      if (draft.operations.size + draft.compares.size === 0) return result;
      try {
        await this.#view.reached(await this.#store.txn([...draft.compares.values()], [...draft.operations.values()]));
        return result;
      } catch (error) {
        if (WarrenError.from(error).code !== "conflict" || attempt === ATTEMPTS) throw error;
        await this.#view.catchUp();
      }
    }
  }
}
