import { randomBytes } from "node:crypto";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { beforeAll, expect, test } from "vitest";
import { buildKernels } from "../../../../scripts/build-kernels.ts";
import { createArena, PACKETS, RECEIVE_NAME } from "../dataplane/arena.ts";
import { MemoryTun } from "../platform/memory/memory-tun.ts";
import { MemoryUdpNetwork } from "../platform/memory/memory-udp.ts";
import { StepClock } from "../platform/testing/step-clock.ts";
import { createResponse, openInitiation } from "../secure/handshake/responder.ts";
import { NO_PSK } from "../secure/handshake/session-keys.ts";
import { StaticKey } from "../secure/handshake/static-key.ts";
import type { ForwardingPeer } from "./data-plane.ts";
import { createInProcessDataPlane } from "./in-process-data-plane.ts";
import { loadKernels } from "./load-kernels.ts";
import { contractSealing, sealedOptions, sealedView } from "./testing/sealed-nodes.ts";

const PEERS = 1_000;
const LIMIT_MS = 10_000;
const PORT = 51820;

beforeAll(() => buildKernels());

test("a node that starts among a thousand has a session with each within ten seconds", async () => {
  const clock = new StepClock();
  const network = new MemoryUdpNetwork(clock, 1, { delayMs: 1 });
  const plane = createInProcessDataPlane(
    { ...sealedOptions(1), sealing: contractSealing(1, clock) },
    { tun: new MemoryTun(), bind: (port) => network.bind(parseAddress("192.0.2.1"), port) },
  );
  const peers = Array.from({ length: PEERS }, (_, i) => answeringPeer(network, i));
  await plane.start();
  const begun = performance.now();
  await plane.apply({ ...sealedView(1), peers });
  const isUp = (): boolean =>
    plane.sealing!()!
      .status()
      .every(({ state }) => state === "up");
  while (!isUp() && clock.monotonicMs() < LIMIT_MS) clock.advance(10);
  const tookMs = performance.now() - begun;
  console.info(
    `${PEERS} sessions after ${clock.monotonicMs()} ms of virtual time; ${Math.round(tookMs)} ms of work, both sides of all handshakes`,
  );
  expect(isUp()).toBe(true);
  await plane.stop();
}, 60_000);

/** A peer that does nothing but answer initiations. */
function answeringPeer(network: MemoryUdpNetwork, i: number): ForwardingPeer {
  const address = formatAddress(parseAddress(`198.18.${i >>> 8}.${i & 0xff}`));
  const key = StaticKey.create(new Uint8Array(randomBytes(32)));
  const socket = network.bind(parseAddress(address), PORT);
  const inbox = arena();
  const port = socket.port(inbox, RECEIVE_NAME);
  socket.onReadable(() => {
    for (let length = port.receive(PACKETS, 65_536); length > 0; length = port.receive(PACKETS, 65_536)) {
      const message = inbox.bytes.slice(PACKETS, PACKETS + length);
      const initiation = openInitiation({ local: key, cipher: "chacha20-poly1305", message });
      if (!initiation) continue;
      const ephemeral = new Uint8Array(randomBytes(32));
      const answer = createResponse({ opened: initiation.opened, psk: NO_PSK, localIndex: i + 1, ephemeral });
      socket.sendTo(inbox.bytes.subarray(RECEIVE_NAME, RECEIVE_NAME + 28), answer!.message);
    }
  });
  return {
    ...{ nodeId: `node-${i}`, underlayAddress: address, port: 4789, vtepMac: "02:00:00:00:00:02" },
    prefixes: [`10.${100 + (i >>> 8)}.${i & 0xff}.0/24`],
    sealing: {
      ...{ publicKey: key.publicKey, port: PORT, cipher: "chacha20-poly1305" },
      ...{ alsoAccepts: [], persistentKeepaliveMs: 0 },
    },
  };
}

let shared: ReturnType<typeof createArena> | undefined;

/** One for all: nobody keeps anything in it. */
function arena(): ReturnType<typeof createArena> {
  shared ??= createArena(loadKernels());
  return shared;
}
