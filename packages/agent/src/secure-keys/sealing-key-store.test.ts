import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSealingKey } from "@warren/common/identity/sealing-key.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StaticKey } from "../secure/handshake/static-key.ts";
import { OVERLAP_MS, SealingKeyStore } from "./sealing-key-store.ts";

const NOW = 1_800_000_000_000;
const coded = (code: string) => expect.objectContaining({ code });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-keys-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

const publicOf = (privateKey: Uint8Array) => new StaticKey(privateKey).publicKey;
const open = (nowMs = NOW) => new SealingKeyStore(dir, nowMs);
const path = () => join(dir, "sealing-keys.json");

/** Both steps of a rotation, as the control plane answers it. */
function rotated(store: SealingKeyStore, nowMs = NOW, overlapMs = OVERLAP_MS): void {
  store.rotate(nowMs, overlapMs);
  expect(store.confirm(store.offered.publicKey, store.offered.epoch, nowMs)).toBe(true);
}

it("makes a key at the first start, and has the same after every other", () => {
  const { current } = open();
  expect(publicOf(current.privateKey)).toEqual(current.publicKey);
  checkSealingKey(current.publicKey);
  expect(current).toMatchObject({ epoch: 1, madeMs: NOW });
  const again = open(NOW + 1);
  expect(again.current).toEqual(current);
  expect([again.next, again.previous]).toEqual([null, null]);
  expect(again.offered).toBe(again.current);
});

it("keeps its file to its owner, and refuses one that others can read", () => {
  open();
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  chmodSync(path(), 0o640);
  expect(open).toThrow(coded("key-exposed"));
  expect(open).toThrow(/private keys of this node .*0640.*chmod 600/);
  chmodSync(path(), 0o600);
  open();
});

it("refuses a damaged file instead of making another key", () => {
  open();
  writeFileSync(path(), readFileSync(path(), "utf8").replace('"epoch":1', '"epoch":2'), { mode: 0o600 });
  expect(open).toThrow(coded("state-corrupt"));
});

it("uses a new key only once the control plane knows it, and answers the old one for a while", () => {
  const store = open();
  const first = store.current;
  store.rotate(NOW, OVERLAP_MS);
  expect(store.current).toBe(first);
  expect(store.offered).toMatchObject({ epoch: 2, madeMs: NOW });
  expect(store.offered.publicKey).not.toEqual(first.publicKey);
  // The answer to a registration from before says nothing of the new key.
  expect(store.confirm(first.publicKey, 1, NOW)).toBe(false);
  expect(store.current).toBe(first);

  const offered = store.offered.publicKey;
  expect(store.confirm(offered, 2, NOW + 10)).toBe(true);
  expect(store.current.publicKey).toEqual(offered);
  expect(store.previous).toMatchObject({ publicKey: first.publicKey, epoch: 1, untilMs: NOW + 10 + OVERLAP_MS });
  expect(publicOf(store.previous!.privateKey)).toEqual(first.publicKey);
  expect(store.prune(NOW + 9 + OVERLAP_MS)).toBe(false);
  const { privateKey } = store.previous!;
  expect(store.prune(NOW + 10 + OVERLAP_MS)).toBe(true);
  expect(store.previous).toBeNull();
  expect(privateKey).toEqual(new Uint8Array(32));
  expect(store.prune(NOW + 10 + OVERLAP_MS)).toBe(false);
  expect(open().previous).toBeNull();
});

it("goes on where it was after a crash between any two steps", () => {
  const first = open().current;
  open().rotate(NOW, OVERLAP_MS);
  const afterRotate = open();
  expect(afterRotate.current).toEqual(first);
  const next = afterRotate.offered;
  expect(next.epoch).toBe(2);
  afterRotate.confirm(next.publicKey, 2, NOW);
  const afterConfirm = open();
  expect(afterConfirm.current).toMatchObject({ publicKey: next.publicKey, epoch: 2 });
  expect(afterConfirm.previous).toMatchObject({ publicKey: first.publicKey });
  expect(afterConfirm.prune(NOW + OVERLAP_MS)).toBe(true);
});

it("forgets the old key at once when asked, and one that waits already beside it", () => {
  const store = open();
  const { privateKey } = store.current;
  store.rotate(NOW, OVERLAP_MS);
  const exposed = store.next!;
  store.rotate(NOW + 4, OVERLAP_MS);
  expect(store.next).toBe(exposed);
  store.rotate(NOW + 5, 0);
  const waiting = store.offered.publicKey;
  expect(waiting).not.toEqual(exposed.publicKey);
  expect(exposed.privateKey).toEqual(new Uint8Array(32));
  store.rotate(NOW + 6, OVERLAP_MS);
  expect(store.offered.publicKey).toEqual(waiting);
  store.confirm(waiting, 2, NOW + 7);
  expect([store.current.publicKey, store.previous]).toEqual([waiting, null]);
  expect(privateKey).toEqual(new Uint8Array(32));
  expect(readFileSync(path(), "utf8")).toContain('"previous":null');
});

it("answers two keys at most: a second rotation ends the overlap of the first", () => {
  const store = open();
  rotated(store);
  const { previous, current } = store;
  rotated(store, NOW + 1);
  expect(store.previous!.publicKey).toEqual(current.publicKey);
  expect(previous!.privateKey).toEqual(new Uint8Array(32));
  expect(store.current.epoch).toBe(3);
});

it("goes by the epoch that the netmap has", () => {
  const store = open();
  expect(store.confirm(store.current.publicKey, 7, NOW)).toBe(true);
  expect(store.confirm(store.current.publicKey, 7, NOW)).toBe(false);
  expect(open().current.epoch).toBe(7);
  rotated(store);
  expect(store.current.epoch).toBe(8);
});

it("does not keep the old key for longer when the clock was set back", () => {
  const store = open();
  rotated(store);
  expect(store.prune(NOW - 3_600_000)).toBe(true);
});

it("stays as it was when the disk takes nothing", () => {
  const store = open();
  const { current } = store;
  const write = vi.spyOn(StateFile.prototype, "write").mockImplementation(() => {
    throw new Error("no space");
  });
  expect(() => store.rotate(NOW, OVERLAP_MS)).toThrow("no space");
  expect([store.current, store.next]).toEqual([current, null]);
  write.mockRestore();
  store.rotate(NOW, OVERLAP_MS);
  const { next } = store;
  vi.spyOn(StateFile.prototype, "write").mockImplementation(() => {
    throw new Error("no space");
  });
  expect(() => store.confirm(next!.publicKey, 2, NOW)).toThrow("no space");
  expect([store.current, store.next]).toEqual([current, next]);
  expect(publicOf(store.current.privateKey)).toEqual(current.publicKey);
});
