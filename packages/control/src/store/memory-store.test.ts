import { createMemoryStore } from "./memory-store.ts";
import { storeContract } from "./testing/store-contract.ts";

storeContract("memory", async () => ({
  open: async (clock, historyLimit = 4096) => createMemoryStore({ clock, historyLimit }),
  dispose: async () => {},
}));
