import { afterEach, beforeEach, expect, it } from "vitest";
import { createMemoryStore } from "../store/memory-store.ts";
import type { Store } from "../store/store.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { type ClusterSettings, checkSettings, ensureCluster, readCluster } from "./cluster-settings.ts";
import { type ClusterRecord, keys } from "./keys.ts";

const coded = (code: string) => expect.objectContaining({ code });
const asked: ClusterSettings = { pools: ["10.244.0.0/16"], nodePrefix: 24, vni: 4096, port: 4789 };
const clock = new ManualClock();

let store: Store;
beforeEach(() => {
  store = createMemoryStore({ clock });
});
afterEach(() => store.close());

const ensure = (change: Partial<ClusterSettings> = {}) => ensureCluster(store, { ...asked, ...change }, "ca", clock);

/** A store as it was written before anything was sealed. */
async function older(port = 4789): Promise<void> {
  const { pools, nodePrefix, vni } = asked;
  const record: ClusterRecord = {
    ...{ id: "c", caHash: "ca", pools, nodePrefix, vni, port },
    ...{ cipher: "none", encapsulation: "always", createdMs: 0 },
  };
  const value = JSON.stringify(record);
  await store.txn([], [{ type: "put", key: keys.cluster, value }]);
}

it("makes a plain cluster, or one with the cipher asked for, which is no later start's to change", async () => {
  expect(await ensure({ cipher: "aes-256-gcm", sealedPort: 5000 })).toMatchObject({
    cipher: "aes-256-gcm",
    sealedPort: 5000,
  });
  expect(await ensure({ cipher: "none", sealedPort: 5000 })).toMatchObject({ cipher: "aes-256-gcm" });
  await expect(ensure()).rejects.toThrow(/sealed-port 5000, now asked: 51820/);
});

it("takes a store from before for what it was: plain, with the usual port", async () => {
  await older();
  expect(await ensure()).toMatchObject({ cipher: "none" });
  await expect(ensure({ sealedPort: 5000 })).rejects.toThrow(coded("pool-changed"));
});

it("finds another port for a store from before whose VXLAN has the usual one", async () => {
  await older(51820);
  await expect(ensure({ port: 51820 })).rejects.toThrow(coded("setting-conflict"));
  await ensure({ port: 51820, sealedPort: 51821 });
});

it("refuses what cannot be together before anything is written", async () => {
  await expect(ensure({ sealedPort: 4789 })).rejects.toThrow(/both 4789.*--sealed-port/);
  await expect(ensure({ cipher: "aes-256-gcm", encapsulation: "never" })).rejects.toThrow(coded("setting-conflict"));
  expect(await readCluster(store)).toBeNull();
  expect(() => checkSettings({ ...asked, cipher: "none", encapsulation: "never" })).not.toThrow();
});
