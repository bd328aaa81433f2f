import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyTraffic } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatSealingKey } from "@warren/common/identity/sealing-key.ts";
import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { NodeKeys } from "./node-keys.ts";
import { OVERLAP_MS, SealingKeyStore } from "./sealing-key-store.ts";

let dir: string;
let clock: VirtualClock;
let store: SealingKeyStore;
let changes: number;
let traffic: KeyTraffic[];
/** What the control plane does with a registration. */
let answer: (keys: NodeKeys) => void;
let epoch: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-node-keys-"));
  clock = new VirtualClock();
  changes = 0;
  traffic = [];
  epoch = 1;
  answer = (keys) => keys.registered(selfOf(keys.offered, ++epoch));
  store = new SealingKeyStore(dir, clock.nowMs());
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

function selfOf(key: Uint8Array, key_epoch: number): NodeMessage {
  return { sealing_key: key, key_epoch } as NodeMessage;
}

function make(): NodeKeys {
  const keys: NodeKeys = new NodeKeys({
    ...{ store, clock, logger: pino({ level: "silent" }) },
    register: async () => answer(keys),
    traffic: () => traffic,
    onChange: () => changes++,
  });
  return keys;
}

it("shows the key with its age, and never the private half", async () => {
  const keys = make();
  await clock.advance(90_000);
  traffic = [
    { epoch: 1, opened: 5, lost: 0, undecryptable: 0 },
    { epoch: 2, opened: 7, lost: 1, undecryptable: 2 },
  ];
  const info = keys.info();
  expect(info).toEqual({
    publicKey: formatSealingKey(store.current.publicKey),
    ...{ epoch: 1, created: new Date(clock.nowMs() - 90_000).toISOString(), ageSeconds: 90 },
    ...{ next: null, previous: null, traffic: [traffic[1], traffic[0]] },
  });
  expect(JSON.stringify(info)).not.toContain(formatSealingKey(store.current.privateKey));
  keys.stop();
});

it("rotates through the control plane, and forgets the old key after the overlap by itself", async () => {
  const keys = make();
  const before = keys.info();
  const after = await keys.rotate({ now: false });
  expect(after).toMatchObject({
    ...{ epoch: 2, next: null },
    previous: {
      ...{ publicKey: before.publicKey, epoch: 1 },
      answeredUntil: new Date(clock.nowMs() + OVERLAP_MS).toISOString(),
    },
  });
  expect(after.publicKey).not.toBe(before.publicKey);
  // The next key is answered, then it is the current one, then the old one is forgotten.
  expect(changes).toBe(2);
  await clock.advance(OVERLAP_MS - 1);
  expect(keys.info().previous).not.toBeNull();
  await clock.advance(1);
  expect(keys.info().previous).toBeNull();
  expect(changes).toBe(3);
  keys.stop();
});

it("forgets the old key at once with now", async () => {
  const keys = make();
  expect(await keys.rotate({ now: true })).toMatchObject({ epoch: 2, previous: null });
  keys.stop();
});

it("goes on with the old key while the control plane does not answer, and with the new one when it does", async () => {
  const keys = make();
  const before = keys.info();
  answer = () => {
    throw new WarrenError("unavailable", "nobody answers");
  };
  await expect(keys.rotate({ now: false })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/nobody answers; the new key is made and waits/),
  });
  const waiting = keys.info();
  expect(waiting).toMatchObject({ publicKey: before.publicKey, next: { publicKey: expect.any(String) } });
  expect(changes).toBe(1);
  keys.registered(selfOf(keys.offered, 2));
  expect(keys.info()).toMatchObject({ publicKey: waiting.next!.publicKey, next: null, epoch: 2 });
  keys.stop();
});

it("makes a key for each of several rotations at once, one after the other", async () => {
  const keys = make();
  const answers = await Promise.all([1, 2, 3].map(() => keys.rotate({ now: false })));
  expect(answers.map(({ epoch, next }) => [epoch, next])).toEqual([
    [2, null],
    [3, null],
    [4, null],
  ]);
  expect(new Set(answers.map(({ publicKey }) => publicKey)).size).toBe(3);
  keys.stop();
});

it("says so when the control plane is older than sealing keys", async () => {
  const keys = make();
  answer = () => keys.registered(selfOf(new Uint8Array(), 0));
  await expect(keys.rotate({ now: false })).rejects.toThrow(expect.objectContaining({ code: "version-mismatch" }));
  keys.stop();
});

it("goes on with the old key when the disk does not take the new one, and says why", async () => {
  const keys = make();
  const before = keys.info().publicKey;
  answer = () => {
    vi.spyOn(StateFile.prototype, "write").mockImplementation(() => {
      throw new WarrenError("disk-full", "no space left");
    });
    keys.registered(selfOf(keys.offered, 2));
  };
  await expect(keys.rotate({ now: false })).rejects.toThrow(expect.objectContaining({ code: "disk-full" }));
  expect(keys.info().publicKey).toBe(before);
  vi.restoreAllMocks();
  keys.registered(selfOf(keys.offered, 2));
  expect(keys.info().publicKey).not.toBe(before);
  keys.stop();
});

it("forgets a key whose time ran out while the agent was down", async () => {
  const keys = make();
  await keys.rotate({ now: false });
  keys.stop();
  await clock.advance(OVERLAP_MS);
  store = new SealingKeyStore(dir, clock.nowMs());
  expect(store.previous).not.toBeNull();
  make().stop();
  expect(store.previous).toBeNull();
});
