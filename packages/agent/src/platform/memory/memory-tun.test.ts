import { beforeAll, expect, test } from "vitest";
import { buildKernels } from "../../../../../scripts/build-kernels.ts";
import { createArena, PACKETS } from "../../dataplane/arena.ts";
import { buildPacket } from "../../dataplane/testing/packets.ts";
import { loadKernels } from "../../dataplane-host/load-kernels.ts";
import { describeTunContract } from "../testing/tun-contract.ts";
import { MemoryTun } from "./memory-tun.ts";

beforeAll(() => buildKernels());

describeTunContract("memory", () => {
  const tun = new MemoryTun();
  const arena = createArena(loadKernels());
  const received: Uint8Array[] = [];
  tun.onPacket(({ packet }) => received.push(packet.slice(28)));
  return Promise.resolve({
    arena,
    port: tun.port(arena),
    local: "10.1.0.1",
    remote: "10.2.0.1",
    sendFromHost: (payload) => {
      tun.send(buildPacket({ src: "10.1.0.1", dst: "10.2.0.1", protocol: "udp", payload }));
      return Promise.resolve();
    },
    receiveAtHost: () => Promise.resolve(received.shift() ?? null),
    readable: () => Promise.resolve(),
  });
});

test("a full queue drops the newest packet and counts it", () => {
  const tun = new MemoryTun();
  for (let i = 0; i < 503; i++) tun.send(Uint8Array.of(0x45, i >> 8, i));
  expect(tun.overflows).toBe(3);
  const arena = createArena(loadKernels());
  tun.port(arena).read(PACKETS, 100);
  expect(arena.bytes[PACKETS + 12]).toBe(0);
});
