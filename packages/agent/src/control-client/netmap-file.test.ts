import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { newPublicKey } from "@warren/common/identity/testing/new-public-key.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { Netmap } from "./netmap.ts";
import { type Knowledge, NetmapFile } from "./netmap-file.ts";

let dir: string;
let clock: VirtualClock;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-netmap-"));
  clock = new VirtualClock();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => new NetmapFile(dir, clock, pino({ level: "silent" }));
const self = { id: "a", sealing_key: new Uint8Array(), sealed_port: 0, key_epoch: 0 } as unknown as NodeMessage;
const cluster: ClusterMessage = {
  ...{ id: "c", pod_cidrs: [], vni: 1, port: 4789, cipher: "none", encapsulation: "always" },
  ...{ sealed_port: 51820, pair_ciphers: [] },
};
const map = (revision: number): Netmap => ({ revision, cluster, nodes: new Map([["a", self]]) });
const knowledge = (revision: number, netmap = map(revision)): Knowledge => ({
  ...{ netmap, self, asOfMs: clock.nowMs() },
});

it("writes a change at once, then at most one a second, and always the last", async () => {
  const file = open();
  expect(file.read()).toBeNull();
  const all = [1, 2, 3, 4, 5].map((revision) => knowledge(revision));
  for (const each of all) file.save(each);
  expect(open().read()).toEqual(all[0]);
  await clock.advance(1_000);
  expect(open().read()).toEqual(all[4]);
});

it("keeps the age on disk no older than a minute, without a write for each heartbeat", async () => {
  const file = open();
  const write = vi.spyOn(StateFile.prototype, "write");
  const { netmap } = knowledge(1);
  for (let passed = 0; passed < 300; passed += 5) {
    file.save(knowledge(1, netmap));
    await clock.advance(5_000);
  }
  expect(write.mock.calls.length).toBeLessThanOrEqual(6);
  expect(clock.nowMs() - open().read()!.asOfMs).toBeLessThanOrEqual(65_000);
});

it("goes on without a disk, says why, and catches up", async () => {
  const file = open();
  file.save(knowledge(1));
  const full = vi.spyOn(StateFile.prototype, "write").mockImplementation(() => {
    throw new WarrenError("disk-full", "no space");
  });
  await clock.advance(2_000);
  file.save(knowledge(2));
  expect(file.fault?.code).toBe("disk-full");
  full.mockRestore();
  await clock.advance(2_000);
  file.save(knowledge(3));
  expect(file.fault).toBeNull();
  expect(open().read()?.netmap.revision).toBe(3);
});

it("keeps the sealing keys of nodes, and takes a file from before there were any", () => {
  const sealing_key = newPublicKey();
  const sealed = { ...self, sealing_key, sealed_port: 51900, key_epoch: 3 };
  const netmap = { ...map(1), nodes: new Map([["a", sealed]]) };
  const file = open();
  file.save({ netmap, self: sealed, asOfMs: 1 });
  expect(open().read()).toEqual({ netmap, self: sealed, asOfMs: 1 });

  const { sealing_key: _, sealed_port: __, key_epoch: ___, ...older } = self;
  const { sealed_port: ____, pair_ciphers: _____, ...olderCluster } = cluster;
  const before = new StateFile({ path: join(dir, "netmap.json"), format: "warren-netmap/1", what: "it", wayOut: "" });
  before.write({ revision: 1, cluster: olderCluster, nodes: [older], self: older, asOfMs: 1 });
  expect(open().read()).toEqual({ netmap: map(1), self, asOfMs: 1 });
});

it("does not end the agent over any other trouble with the disk", () => {
  const file = open();
  mkdirSync(join(dir, "netmap.json.new"));
  file.save(knowledge(1));
  expect(file.fault).not.toBeNull();
});
