import type { MeshLink, MeshNode, MeshView, NodeReport } from "@warren/common/api/mesh-view.ts";

/** Pictures of meshes as a control plane would give them. */

const GIGABIT = 1e9;

/** `moment` is a count of seconds: rates change with it, as they do in a mesh. */
export function threeNodes(moment = 0): MeshView {
  return meshOf(["host-a", "host-b", "host-c"], moment);
}

/** A mesh of these nodes, everything as it should be. */
export function meshOf(names: readonly string[], moment = 0, cipher = "aes-256-gcm"): MeshView {
  return {
    now: new Date(Date.UTC(2026, 10, 26, 9, 30, moment)).toISOString(),
    version: "0.1.0",
    cluster: {
      id: "c-7f3kq2mz",
      podCidrs: ["10.244.0.0/16", "fd00:77::/48"],
      vni: 4096,
      port: 4789,
      sealedPort: 51820,
      cipher,
      encapsulation: "always",
    },
    revision: 42,
    uptimeSeconds: 11_520 + moment,
    nodes: names.map((_, index) => nodeOf(names, index, moment, cipher)),
  };
}

function nodeOf(names: readonly string[], index: number, moment: number, cipher: string): MeshNode {
  const name = names[index]!;
  return {
    id: `n-${index}`,
    name,
    underlayAddress: `192.0.2.${11 + index}`,
    port: 4789,
    vtepMac: "02:00:00:00:00:01",
    podCidrs: [`10.244.${index}.0/24`, `fd00:77:0:${index}::/64`],
    epoch: 1,
    state: "ready",
    foreign: false,
    kind: "node",
    sealing: { publicKey: "PDWsL3Y6QmhS7Y0mXk1uQF5pT2rJq8vZ4aN6bC9dE0U=", epoch: 1, port: 51820 },
    lastSeen: new Date(Date.UTC(2026, 10, 26, 9, 30, moment - 2)).toISOString(),
    report: reportOf(names, index, moment, cipher),
  };
}

function reportOf(names: readonly string[], index: number, moment: number, cipher: string): NodeReport {
  const peers = names
    .map((_, other) => other)
    .filter((other) => other !== index)
    .slice(0, 100)
    .map((other) => linkOf(names[other]!, index, other, moment, cipher));
  const sum = (which: "txBitsPerSecond" | "rxBitsPerSecond") =>
    peers.reduce((all, peer) => all + (peer[which] ?? 0), 0);
  return {
    ageMs: 300 + (index % 4) * 200,
    appliedRevision: 42,
    version: "0.1.0",
    dataplane: "tun",
    overlayMtu: 1420,
    warnings: [],
    txBitsPerSecond: sum("txBitsPerSecond"),
    rxBitsPerSecond: sum("rxBitsPerSecond"),
    txPackets: 918_221 + moment * 1000,
    rxPackets: 1_204_733 + moment * 1000,
    drops: index * 7,
    podCount: 2,
    pods: [0, 1].map((pod) => ({
      namespace: pod === 0 ? "default" : "shop",
      name: `${pod === 0 ? "web" : "cart"}-${index}`,
      addresses: [`10.244.${index}.${pod + 2}`, `fd00:77:0:${index}::${pod + 2}`],
    })),
    peers,
  };
}

function linkOf(peer: string, from: number, to: number, moment: number, cipher: string): MeshLink {
  return {
    peer,
    path: "encapsulated",
    cipher: cipher as MeshLink["cipher"],
    session: cipher === "none" ? null : "up",
    rttMs: 0.18 + ((from * 7 + to * 3 + moment) % 9) * 0.031 + (from + to > 2 ? 1.1 : 0),
    txBitsPerSecond: rate(from, to, moment),
    rxBitsPerSecond: rate(to, from, moment),
  };
}

/** Some pairs talk a lot, in waves; others hardly. */
function rate(from: number, to: number, moment: number): number {
  const wave = 0.6 + 0.3 * Math.sin((moment + 13 * from) / 9) + 0.1 * Math.sin(moment * 1.7 + to);
  return Math.round(wave * GIGABIT * (from === 0 && to === 1 ? 1.9 : from === 1 ? 0.12 : 0.41));
}

/** The mesh with one of its nodes changed. */
export function withNode(mesh: MeshView, name: string, change: (node: MeshNode) => Partial<MeshNode>): MeshView {
  return { ...mesh, nodes: mesh.nodes.map((node) => (node.name === name ? { ...node, ...change(node) } : node)) };
}

/** A node that was heard of last half a minute ago. */
export function down(mesh: MeshView): Partial<MeshNode> {
  return { state: "down", lastSeen: new Date(Date.parse(mesh.now) - 34_000).toISOString() };
}

/** A foreign peer that the mesh sends to. */
export function foreignPeer(name: string): Partial<MeshNode> {
  return {
    ...{ id: `f-${name}`, name, foreign: true, kind: "vxlan" },
    ...{ sealing: null, lastSeen: null, report: null },
  };
}
