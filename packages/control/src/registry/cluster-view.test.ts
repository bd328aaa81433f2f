import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, it } from "vitest";
import { createMemoryStore } from "../store/memory-store.ts";
import type { Store } from "../store/store.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { ClusterView } from "./cluster-view.ts";
import { Transactor } from "./transactor.ts";

/** A store whose watch breaks when told to. */
function breakable(store: Store): { store: Store; breakWatch: () => void } {
  let breakWatch = () => {};
  const broken = new Promise<never>((_, reject) => {
    breakWatch = () => reject(new WarrenError("unavailable", "the store went away"));
  });
  broken.catch(() => {});
  const watch: Store["watch"] = (prefix, after, signal) => {
    const batches = store.watch(prefix, after, signal)[Symbol.asyncIterator]();
    return { [Symbol.asyncIterator]: () => ({ next: () => Promise.race([batches.next(), broken]) }) };
  };
  const proxy = new Proxy(store, {
    get: (target, name) => {
      if (name === "watch") return watch;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { store: proxy, breakWatch };
}

it("fails writes when it cannot follow the store any more, instead of leaving them waiting", async () => {
  const { store, breakWatch } = breakable(createMemoryStore({ clock: new ManualClock() }));
  const view = new ClusterView(store);
  await view.start();
  const transactor = new Transactor(store, view);
  const add = (cidr: string) => transactor.run((draft) => draft.put(view.reservations, cidr, { cidr, note: "" }));
  await add("10.0.0.0/24");
  breakWatch();
  await expect(add("10.0.1.0/24")).rejects.toThrow("the store went away");
  await expect(add("10.0.2.0/24")).rejects.toThrow("the store went away");
  await view.stop();
  await store.close();
});
