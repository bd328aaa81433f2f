import type { Clock } from "@warren/common/runtime/clock.ts";
import { JournaledStore } from "./journaled-store.ts";
import type { Store } from "./store.ts";

/** A store that forgets everything when it is closed: for the simulator and for tests. */
export function createMemoryStore(options: { readonly clock: Clock; readonly historyLimit?: number }): Store {
  return new JournaledStore({
    ...options,
    content: { revision: 0, entries: [], leases: [], nextLease: 1 },
    journal: { commit() {}, close() {} },
  });
}
