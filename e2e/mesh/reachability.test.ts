import { buildPacket } from "@warren/agent/dataplane/testing/packets.ts";
import { CIPHERS } from "@warren/common/net/cipher.ts";
import { parsePrefix, prefixesOverlap } from "@warren/common/net/prefix.ts";
import { changeCluster } from "@warren/control/mesh/cluster-change.ts";
import { afterEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { type Endpoint, Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh, type SimMeshOptions } from "./sim/sim-mesh.ts";

describe(`reachability (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  afterEach(() => mesh?.close());

  /** Three nodes with two pods each; every address of every pod. */
  async function threeNodes(options: Partial<SimMeshOptions> = {}): Promise<Endpoint[]> {
    mesh = await SimMesh.start({ seed: SEED, ...options });
    const nodes = await mesh.join("a", "b", "c");
    await converge(mesh, 2_000);
    const ends: Endpoint[] = [];
    for (const node of nodes) {
      for (const name of ["web", "db"]) {
        const pod = await node.addPod(name);
        for (const address of pod.addresses) ends.push({ node, address });
      }
    }
    return ends;
  }

  function sendAll(pods: readonly Endpoint[], mtu: number): Ledger {
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    for (const from of pods) {
      for (const to of pods) {
        const isOneFamily = from.address.includes(":") === to.address.includes(":");
        if (isOneFamily && from.address !== to.address) ledger.sendBurst(from, to, mtu);
      }
    }
    return ledger;
  }

  /** One packet from each to each on another node, again and again. */
  async function keepSending(
    ledger: Ledger,
    ends: readonly Endpoint[],
    rounds: number,
    everyMs: number,
  ): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const one of ends) for (const other of ends) if (one.node !== other.node) ledger.sendOne(one, other);
      await mesh.time.run(everyMs);
    }
  }

  function dropsOf(name: string): Record<string, number> {
    const drops = mesh.node(name).agent.status().dataplane.drops;
    return Object.fromEntries(Object.entries(drops).filter(([, count]) => count > 0));
  }

  const worlds: [string, Partial<SimMeshOptions>, number][] = [
    ["IPv4 pods over IPv4", {}, 1450],
    ["IPv6 pods over IPv4", { settings: { pools: ["fd00:77::/48"] } }, 1450],
    ["both over IPv6", { settings: { pools: ["10.244.0.0/16", "fd00:77::/48"] }, firstUnderlay: "2001:db8::1" }, 1430],
    ["a port and a VNI of one's own", { settings: { port: 5000, vni: 77 } }, 1450],
    ["an underlay of jumbo frames", { underlayMtu: 9000 }, 8950],
  ];
  it.each(worlds)("carries every pod's packets to every other pod as they are: %s", async (_name, options, mtu) => {
    const pods = await threeNodes(options);
    const ledger = sendAll(pods, mtu);
    await mesh.time.run(1_000);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
    for (const name of ["a", "b", "c"]) expect(dropsOf(name)).toEqual({});
  });

  const sealed: [string, Partial<SimMeshOptions>, number][] = [
    ["ChaCha20-Poly1305", { settings: { cipher: "chacha20-poly1305" } }, 1440],
    ["AES-256-GCM", { settings: { cipher: "aes-256-gcm", pools: ["10.244.0.0/16", "fd00:77::/48"] } }, 1440],
    ["a port of one's own", { settings: { cipher: "aes-256-gcm", sealedPort: 5001 }, underlayMtu: 9000 }, 8940],
    [
      "both over IPv6",
      {
        settings: { cipher: "chacha20-poly1305", pools: ["10.244.0.0/16", "fd00:77::/48"] },
        firstUnderlay: "2001:db8::1",
      },
      1420,
    ],
  ];
  it.each(sealed)("carries the same, sealed, from the first packet on: %s", async (_name, options, mtu) => {
    const pods = await threeNodes(options);
    // More than may wait for a session is not sent before there is one.
    for (const sending of [pods.filter((_, index) => index % 2 === 0), pods]) {
      const ledger = sendAll(sending, mtu);
      await mesh.time.run(1_000);
      expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
      expect(ledger.faults).toEqual([]);
    }
    for (const name of ["a", "b", "c"]) expect(dropsOf(name)).toEqual({});
  });

  it("keeps its sessions over an underlay that loses, delays, reorders and repeats, and delivers nothing twice", async () => {
    const weather = { lossRate: 0.1, duplicateRate: 0.1, delayMs: 5, jitterMs: 40 };
    const pods = await threeNodes({ weather, settings: { cipher: "chacha20-poly1305" } });
    sendAll(pods, 1440).settle();
    await mesh.time.run(30_000);
    const ledger = sendAll(pods, 1440);
    await mesh.time.run(10_000);
    const { missing, repeated } = ledger.settle();
    expect(ledger.faults).toEqual([]);
    expect(repeated).toEqual([]);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.length).toBeLessThan(ledger.sent * 0.2);
  });

  const CHANGES = CIPHERS.flatMap((from) => CIPHERS.filter((to) => to !== from).map((to) => [from, to] as const));
  it.each(CHANGES)("loses nothing while the cluster changes from %s to %s", async (from, to) => {
    const pods = await threeNodes({ settings: { cipher: from } });
    const firsts = pods.filter((_, index) => index % 2 === 0);
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    const sendEach = (count: number, everyMs: number) => keepSending(ledger, firsts, count, everyMs);
    await sendEach(10, 50);
    await changeCluster(mesh.core.context, { cipher: to });
    await sendEach(1_200, 5);
    await converge(mesh, 30_000);
    await sendEach(10, 50);
    await mesh.time.run(1_000);
    const { missing, repeated } = ledger.settle();
    expect({ lost: missing.length, of: ledger.sent, repeated }).toEqual({ lost: 0, of: ledger.sent, repeated: [] });
    expect(ledger.faults).toEqual([]);
    for (const name of ["a", "b", "c"]) expect(dropsOf(name)).toEqual({});
  });

  it("loses nothing while nodes take new keys, and while pairs take a cipher of their own", async () => {
    const pods = await threeNodes({ settings: { cipher: "aes-256-gcm" } });
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    const sendFor = (ms: number) => keepSending(ledger, pods, ms / 5, 5);
    await sendFor(500);
    const [a, b, c] = ["a", "b", "c"].map((name) => mesh.node(name).agent);
    const deeds = [
      a!.rotateKeys({ now: false }),
      b!.rotateKeys({ now: false }),
      c!.setPeerCipher("a", "chacha20-poly1305"),
    ];
    await sendFor(1_000);
    await Promise.all(deeds);
    expect(b!.keys().epoch).toBe(2);
    await sendFor(1_000);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
  });

  it.each([10, -10])(
    "reaches and is reached by a node whose clock is %i years off, and then right again",
    async (years) => {
      const pods = await threeNodes({ settings: { cipher: "chacha20-poly1305" } });
      const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
      // Long enough for every session to be renewed.
      const sendFor = async (seconds: number): Promise<void> => {
        for (let passed = 0; passed < seconds; passed += 2) {
          for (const one of pods) for (const other of pods) if (one.node !== other.node) ledger.sendOne(one, other);
          await mesh.time.run(2_000);
        }
      };
      await sendFor(10);
      mesh.node("a").wall.aheadMs = years * 365 * 24 * 3_600_000;
      await sendFor(400);
      mesh.node("a").wall.aheadMs = 0;
      await sendFor(400);
      const { missing, repeated } = ledger.settle();
      expect(repeated).toEqual([]);
      // Handshakes are dated by the control plane's clock; between the step and the next heartbeat, one may be refused.
      expect(missing.length).toBeLessThanOrEqual(8);
      expect(ledger.faults).toEqual([]);
    },
  );

  it("gives every node pod CIDRs that overlap no other's", async () => {
    await threeNodes({ settings: { pools: ["10.244.0.0/16", "fd00:77::/48"] } });
    const cidrs = [...mesh.nodes.values()].flatMap((node) => node.forwardedPrefixes).map(parsePrefix);
    expect(cidrs).toHaveLength(6);
    for (const [i, a] of cidrs.entries()) for (const b of cidrs.slice(i + 1)) expect(prefixesOverlap(a, b)).toBe(false);
  });

  it("delivers nothing but what was sent, over an underlay that loses, delays, reorders and repeats", async () => {
    const weather = { lossRate: 0.1, duplicateRate: 0.1, delayMs: 5, jitterMs: 40 };
    const ledger = sendAll(await threeNodes({ weather }), 1450);
    await mesh.time.run(1_000);
    const { missing, repeated } = ledger.settle();
    expect(ledger.faults).toEqual([]);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.length).toBeLessThan(ledger.sent * 0.2);
    expect(repeated.length).toBeGreaterThan(0);
  });

  it("delivers nothing between two nodes whose path is cut, and everything to others", async () => {
    const pods = await threeNodes();
    const [a, b] = [mesh.node("a"), mesh.node("b")];
    mesh.cut(a, b);
    const ledger = sendAll(pods, 1450);
    await mesh.time.run(1_000);
    const { missing } = ledger.settle();
    expect(ledger.faults).toEqual([]);
    const between = pods.filter(({ node }) => node === a || node === b);
    const crossed = between.flatMap((from) => between.filter((to) => to.node !== from.node).map((to) => [from, to]));
    const isCrossed = (what: string): boolean =>
      crossed.some(([from, to]) => what.includes(`${from!.address} to ${to!.address},`));
    expect(missing.filter((what) => !isCrossed(what))).toEqual([]);
    expect(new Set(missing.map((what) => what.split(",")[0])).size).toBe(crossed.length);
  });

  const packet = (src: string, dst: string): Uint8Array =>
    buildPacket({ src, dst, protocol: "udp", payload: new Uint8Array(8) });

  it("drops what a pod sends with an address that is not its node's, at the node it leaves", async () => {
    const [web, , remote] = await threeNodes();
    web!.node.stack.sendUnguarded(packet("10.244.99.2", remote!.address));
    // Another node's address is no better.
    web!.node.stack.sendUnguarded(packet(remote!.address, remote!.address));
    await mesh.time.run(100);
    expect(mesh.arrivals).toEqual([]);
    expect(dropsOf("a")).toEqual({ "egress-spoof": 2 });
  });

  it("drops what is for an address that no node has, at the node it leaves", async () => {
    const [web] = await threeNodes();
    web!.node.stack.send(packet(web!.address, "10.244.99.2"));
    await mesh.time.run(100);
    expect(mesh.arrivals).toEqual([]);
    expect(dropsOf("a")).toEqual({ "no-route": 1 });
  });
});
