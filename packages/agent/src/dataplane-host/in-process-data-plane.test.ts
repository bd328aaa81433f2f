import { parseAddress } from "@warren/common/net/address.ts";
import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../../scripts/build-kernels.ts";
import { buildPacket } from "../dataplane/testing/packets.ts";
import { MemoryTun } from "../platform/memory/memory-tun.ts";
import { MemoryUdpNetwork } from "../platform/memory/memory-udp.ts";
import { StepClock } from "../platform/testing/step-clock.ts";
import { encodeSockaddr } from "../route/sockaddr.ts";
import type { DataPlane, DataPlaneOptions, ForwardingView } from "./data-plane.ts";
import { createInProcessDataPlane } from "./in-process-data-plane.ts";
import {
  type DataPlaneFixture,
  describeDataPlaneContract,
  describePacketCounting,
} from "./testing/data-plane-contract.ts";
import { contractSealing, sealedOptions, sealedView } from "./testing/sealed-nodes.ts";
import { contractOptions, contractView } from "./testing/two-nodes.ts";

beforeAll(() => buildKernels());

type Node = 1 | 2;

/** Two planes over one network, and what the tests look at besides. */
class TwoPlanes {
  readonly clock = new StepClock();
  readonly network = new MemoryUdpNetwork(this.clock, 1);
  readonly tuns = [new MemoryTun(), new MemoryTun()] as const;
  readonly planes: readonly [DataPlane, DataPlane];

  constructor(optionsOf: (node: Node) => DataPlaneOptions) {
    const plane = (node: Node): DataPlane => {
      const options = { ...optionsOf(node), sealing: contractSealing(node, this.clock) };
      const bind = (port: number, address: string) => this.network.bind(parseAddress(address), port);
      return createInProcessDataPlane(options, { tun: this.tuns[node - 1]!, bind });
    };
    this.planes = [plane(1), plane(2)];
  }

  /** Sends a datagram and lets time pass. @returns how often it arrived */
  exchange(from: 0 | 1, family: 4 | 6, waitMs = 10): number {
    let arrived = 0;
    this.tuns[1 - from]!.onPacket(() => {
      arrived += 1;
    });
    const host = (node: number) => (family === 4 ? `10.${node}.0.1` : `fd00:${node}::1`);
    const payload = Uint8Array.of(1, 2, 3);
    this.tuns[from].send(buildPacket({ src: host(from + 1), dst: host(2 - from), protocol: "udp", payload }));
    for (let passed = 0; passed < waitMs; passed++) this.clock.advance(1);
    return arrived;
  }

  fixture(viewOf: (node: Node) => ForwardingView): DataPlaneFixture {
    return {
      planes: this.planes,
      views: [viewOf(1), viewOf(2)],
      // Long enough that a peer which is back is not taken for one whose first initiation crossed ours.
      exchange: (from, family) => Promise.resolve(this.exchange(from, family, 120) > 0),
      settle: async () => {
        for (let passed = 0; passed < 10; passed++) this.clock.advance(1);
      },
      close: () => Promise.resolve(),
    };
  }
}

const plain = () => Promise.resolve(new TwoPlanes(contractOptions).fixture(contractView));
describeDataPlaneContract("in process", plain);
describePacketCounting("in process", plain);

for (const cipher of SEALING_CIPHERS)
  describeDataPlaneContract(`in process, sealed with ${cipher}`, () =>
    Promise.resolve(new TwoPlanes(sealedOptions).fixture((node) => sealedView(node, cipher))),
  );

describe("a sealed data plane", () => {
  async function up(view = sealedView): Promise<TwoPlanes> {
    const two = new TwoPlanes(sealedOptions);
    for (const [i, plane] of two.planes.entries()) {
      await plane.start();
      await plane.apply(view((i + 1) as Node));
    }
    return two;
  }

  it("shows nothing of a packet on the underlay, and delivers it as it was", async () => {
    const two = await up();
    const seen: Uint8Array[] = [];
    two.network.watch = (payload) => seen.push(payload);
    expect(two.exchange(0, 4)).toBe(1);
    const types = seen.map((payload) => payload[0]!);
    expect(types).toContain(4);
    expect(types.every((type) => type >= 1 && type <= 4)).toBe(true);
    const inner = [10, 1, 0, 1, 10, 2, 0, 1];
    for (const payload of seen) expect(Buffer.from(payload).includes(Buffer.from(inner))).toBe(false);
  });

  it("keeps packets while a handshake runs, at most 128 and the newest, and sends them in their order", async () => {
    const two = await up();
    const arrived: number[] = [];
    two.tuns[1].onPacket(({ packet }) => arrived.push(packet[28]!));
    for (let i = 0; i < 130; i++) {
      const payload = Uint8Array.of(i);
      two.tuns[0].send(buildPacket({ src: "10.1.0.1", dst: "10.2.0.1", protocol: "udp", payload }));
    }
    for (let i = 0; i < 10; i++) two.clock.advance(1);
    expect(arrived).toEqual(Array.from({ length: 128 }, (_, i) => i + 2));
    expect(two.planes[0].stats().drops["no-session"]).toBe(2);
  });

  it("drops what waits when nobody answers, and says so", async () => {
    const two = await up();
    await two.planes[1].stop();
    expect(two.exchange(0, 4)).toBe(0);
    for (let s = 0; s < 100; s++) two.clock.advance(1_000);
    expect(two.planes[0].stats().drops["no-session"]).toBe(1);
  });

  it("goes over to another cipher without losing a packet", async () => {
    const two = await up();
    expect(two.exchange(0, 4)).toBe(1);
    for (const node of [1, 2] as const) {
      const view = sealedView(node, "aes-256-gcm");
      const peers = view.peers.map((peer) => ({
        ...peer,
        sealing: { ...peer.sealing!, alsoAccepts: ["chacha20-poly1305" as const] },
      }));
      await two.planes[node - 1]!.apply({ ...view, peers });
      for (let i = 0; i < 20; i++) expect(two.exchange((i & 1) as 0 | 1, 4)).toBe(1);
    }
    for (const plane of two.planes) expect(plane.sealing!()!.status()[0]).toMatchObject({ cipher: "aes-256-gcm" });
  });

  it("hands on no handshake message that is longer than those are", async () => {
    const two = await up();
    const to = new Uint8Array(28);
    encodeSockaddr(to, 0, parseAddress("192.0.2.2"), 51820);
    const message = new Uint8Array(60_000);
    message[0] = 1;
    two.network.bind(parseAddress("192.0.2.9"), 51820).sendTo(to, message);
    for (let passed = 0; passed < 10; passed++) two.clock.advance(1);
    expect(two.planes[1].stats().drops["sealed-malformed"]).toBe(1);
    expect(two.planes[1].sealing!()!.counters()?.refused.malformed).toBe(0);
  });

  it("takes nothing plain, and a plain one nothing sealed", async () => {
    const two = await up();
    await two.planes[0].apply({ ...contractView(1), framing: "plain" });
    expect(two.exchange(0, 4)).toBe(0);
    expect(two.exchange(1, 4, 100)).toBe(0);
    await two.planes[1].apply({ ...contractView(2), framing: "plain" });
    expect(two.exchange(0, 4)).toBe(1);
  });

  it("takes both while it changes from one to the other", async () => {
    const two = await up();
    await two.planes[1].apply({ ...sealedView(2), accepts: ["plain", "sealed"] });
    await two.planes[0].apply({ ...sealedView(1), framing: "plain", accepts: ["plain", "sealed"] });
    expect(two.exchange(0, 4)).toBe(1);
    expect(two.exchange(1, 4, 20)).toBe(1);
  });

  it("has its sessions before a plain mesh begins to seal, and loses nothing until then", async () => {
    const two = new TwoPlanes(contractOptions);
    const become = async (framing: "plain" | "sealed"): Promise<void> => {
      for (const node of [1, 2] as const)
        await two.planes[node - 1]!.apply({ ...sealedView(node), framing, accepts: ["plain", "sealed"] });
    };
    for (const plane of two.planes) await plane.start();
    await become("plain");
    for (let i = 0; i < 20; i++) expect(two.exchange((i & 1) as 0 | 1, 4)).toBe(1);
    for (const plane of two.planes) expect(plane.sealing!()!.status()[0]).toMatchObject({ state: "up" });
    await become("sealed");
    // Nothing waits: it has left before time passes.
    for (const from of [0, 1] as const) expect(two.exchange(from, 4, 1)).toBe(1);
    for (const plane of two.planes) expect(Object.values(plane.stats().drops).some((count) => count > 0)).toBe(false);
  });

  it("lets no packet in whose inner source is not the peer's whose session it came with", async () => {
    const two = await up();
    expect(two.exchange(0, 4)).toBe(1);
    // The receiver learns that the sender has other prefixes: what it sends from the old ones is forged from now on.
    const view = sealedView(2);
    await two.planes[1].apply({ ...view, peers: view.peers.map((peer) => ({ ...peer, prefixes: ["10.9.0.0/24"] })) });
    expect(two.exchange(0, 4)).toBe(0);
    expect(two.planes[1].stats().drops["ingress-spoof"]).toBe(1);
  });
});
