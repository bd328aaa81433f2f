import { formatSealingKey } from "@warren/common/identity/sealing-key.ts";
import { newPublicKey } from "@warren/common/identity/testing/new-public-key.ts";
import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeNodes } from "../api/describe.ts";
import { keys } from "../registry/keys.ts";
import { changeCluster } from "./cluster-change.ts";
import { addForeignPeer, removeForeignPeer } from "./foreign-peers.ts";
import { revokeNode } from "./removal.ts";
import { type HarnessNode, MeshHarness } from "./testing/mesh-harness.ts";

const coded = (code: string) => expect.objectContaining({ code });
const NONE = new Uint8Array();
const VXLAN_PEER = {
  name: "rack",
  underlayAddress: "192.0.2.70",
  vtepMac: "02:00:00:00:00:70",
  podCidrs: ["172.20.0.0/24"],
};

let mesh: MeshHarness;

beforeEach(async () => {
  mesh = await MeshHarness.start({ cipher: "aes-256-gcm" });
});

afterEach(() => mesh.stop());

async function joined(name: string, underlayAddress: string): Promise<HarnessNode> {
  const node = await mesh.node(name, underlayAddress);
  await node.register();
  return node;
}

const setCipher = (cipher: string) => changeCluster(mesh.core.context, { cipher });
const entry = (name: string): NodeMessage => mesh.core.context.netmap.nodes().find((node) => node.name === name)!;

/** What the netmap says of the cluster, as a node that comes now sees it. */
async function cluster(node: HarnessNode): Promise<ClusterMessage> {
  const reader = node.watch();
  const { snapshot } = await reader.soon();
  await reader.stop();
  return snapshot!.cluster;
}

describe("the sealing key of a node", () => {
  it("reaches the peers with port and epoch, and grows the epoch with each other key", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const { self, cluster } = await a.register();
    expect(cluster).toMatchObject({ cipher: "aes-256-gcm", sealed_port: 51820, pair_ciphers: [] });
    expect(self).toMatchObject({ sealed_port: 51820, key_epoch: 1 });
    expect(new Uint8Array(self.sealing_key)).toEqual(a.sealingKey);
    const b = await joined("b", "192.0.2.2");
    const reader = b.watch();
    expect((await reader.soon()).snapshot!.nodes.find((node) => node.name === "a")).toEqual(self);
    expect((await a.register()).self).toEqual(self);

    const next = newPublicKey();
    await a.register({ sealing_key: next, sealed_port: 51900 });
    const [changed] = (await reader.soon()).delta!.changed;
    expect(changed).toMatchObject({ name: "a", sealed_port: 51900, key_epoch: 2 });
    expect(new Uint8Array(changed!.sealing_key)).toEqual(next);
    await mesh.restart();
    expect((await a.register()).self).toMatchObject({ key_epoch: 3 });
    expect(describeNodes(mesh.core.context, false)[0]).toMatchObject({
      kind: "node",
      sealing: { publicKey: formatSealingKey(a.sealingKey), epoch: 3, port: 51820 },
    });
  });

  it.each([
    ["31 bytes", new Uint8Array(31)],
    ["33 bytes", new Uint8Array(33)],
    ["all zero", new Uint8Array(32)],
    ["of low order", new Uint8Array(Buffer.from(`01${"00".repeat(31)}`, "hex"))],
    ["a second spelling", new Uint8Array(Buffer.from(`09${"00".repeat(30)}80`, "hex"))],
  ])("is refused when it is %s", async (_, sealing_key) => {
    const a = await mesh.node("a", "192.0.2.1");
    await expect(a.register({ sealing_key })).rejects.toThrow(coded("key-invalid"));
  });

  it("is refused when it is another's, a node's or a peer's, until that one is gone for good", async () => {
    const a = await joined("a", "192.0.2.1");
    const b = await mesh.node("b", "192.0.2.2");
    const stolen = b.register({ sealing_key: a.sealingKey });
    await expect(stolen).rejects.toThrow(coded("sealing-key-taken"));
    await expect(stolen).rejects.toThrow(new RegExp(`a \\(${a.id}\\) has it, so b cannot`));
    await b.register();
    // What it gave up is free, what it has is not.
    const old = a.sealingKey;
    a.sealingKey = newPublicKey();
    await a.register();
    await b.register({ sealing_key: old });
    await expect(b.register({ sealing_key: a.sealingKey })).rejects.toThrow(coded("sealing-key-taken"));
    await revokeNode(mesh.core.context, "a");
    await b.register({ sealing_key: a.sealingKey });
  });

  it("is needed in a sealed cluster, and only there", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await expect(a.register({ sealing_key: NONE })).rejects.toMatchObject({
      code: "version-mismatch",
      message: expect.stringMatching(/this agent cannot seal.*aes-256-gcm/),
    });
    await setCipher("none");
    expect((await a.register({ sealing_key: NONE })).self).toMatchObject({ sealed_port: 0, key_epoch: 0 });
    await a.register();
    expect((await a.register({ sealing_key: NONE })).self).toMatchObject({ key_epoch: 1 });
    expect((await a.register({ sealing_key: newPublicKey() })).self).toMatchObject({ key_epoch: 2 });
  });

  it("has a port of its own: not one that is none, and not VXLAN's", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    for (const sealed_port of [70_000, 4789]) await expect(a.register({ sealed_port })).rejects.toThrow(coded("usage"));
  });

  it("is no matter of nodes from before there were any", async () => {
    await setCipher("none");
    const a = await joined("a", "192.0.2.1");
    const record = mesh.core.context.view.nodes.get(a.id)!;
    const { sealingKey: _, sealedPort: __, keyEpoch: ___, ...older } = record;
    const { sealedPort: ____, ...olderCluster } = mesh.core.context.view.cluster;
    await mesh.core.context.transactor.run((draft) => {
      draft.put(mesh.core.context.view.nodes, a.id, older);
      draft.put(mesh.core.context.view.singles, keys.cluster, olderCluster);
    });
    await mesh.restart();
    expect(entry("a")).toMatchObject({ name: "a", sealed_port: 0, key_epoch: 0 });
    expect(entry("a").sealing_key).toHaveLength(0);
    expect(await cluster(a)).toMatchObject({ sealed_port: 51820 });
    expect(describeNodes(mesh.core.context, false)[0]).toMatchObject({ sealing: null });
    expect((await a.register()).self).toMatchObject({ key_epoch: 1 });
  });
});

describe("a change of the cluster's cipher", () => {
  it("reaches every node at once, there and back", async () => {
    const a = await joined("a", "192.0.2.1");
    const reader = a.watch();
    await reader.soon();
    for (const cipher of ["chacha20-poly1305", "none", "aes-256-gcm"]) {
      await setCipher(cipher);
      expect((await reader.soon()).delta!.cluster).toMatchObject({ cipher });
    }
  });

  it("is refused for those who cannot seal, by their names", async () => {
    await setCipher("none");
    await joined("a", "192.0.2.1");
    const b = await joined("b", "192.0.2.2");
    await b.register({ sealing_key: NONE });
    await expect(setCipher("aes-256-gcm")).rejects.toThrow(coded("setting-conflict"));
    await expect(setCipher("aes-256-gcm")).rejects.toThrow(/agents cannot seal: b\. .*warren nodes revoke/);
    await b.register();
    await addForeignPeer(mesh.core.context, VXLAN_PEER);
    await expect(setCipher("aes-256-gcm")).rejects.toThrow(
      /VXLAN peers, which send in the clear: rack\. .*warren peer del/,
    );
    await removeForeignPeer(mesh.core.context, "rack");
    expect(await setCipher("aes-256-gcm")).toMatchObject({ cipher: "aes-256-gcm" });
    await expect(addForeignPeer(mesh.core.context, VXLAN_PEER)).rejects.toThrow(coded("setting-conflict"));
  });
});

describe("the cipher of a pair", () => {
  const pair = (node: HarnessNode, peer_name: string, cipher: string) => node.mesh.setPairCipher({ peer_name, cipher });

  it("is in the netmap while it differs from the cluster's, whoever of the two asks", async () => {
    const a = await joined("a", "192.0.2.1");
    const b = await joined("b", "192.0.2.2");
    const reader = a.watch();
    await reader.soon();
    await pair(a, "b", "chacha20-poly1305");
    const [nodeA, nodeB] = [a.id, b.id].sort();
    const shown = [{ node_a: nodeA, node_b: nodeB, cipher: "chacha20-poly1305" }];
    expect((await reader.soon()).delta!.cluster).toMatchObject({ cipher: "aes-256-gcm", pair_ciphers: shown });
    await pair(b, "a", "aes-256-gcm");
    expect((await cluster(a)).pair_ciphers).toEqual([]);
    await setCipher("chacha20-poly1305");
    expect((await cluster(a)).pair_ciphers).toEqual([{ ...shown[0], cipher: "aes-256-gcm" }]);
    await mesh.restart();
    expect((await cluster(a)).pair_ciphers).toHaveLength(1);
    await pair(a, "b", "");
    expect((await cluster(a)).pair_ciphers).toEqual([]);
  });

  it("is never none, nothing unknown, and nothing in a plain cluster", async () => {
    const a = await joined("a", "192.0.2.1");
    await joined("b", "192.0.2.2");
    await expect(pair(a, "b", "none")).rejects.toThrow(coded("setting-conflict"));
    await expect(pair(a, "b", "aes-256-gmc")).rejects.toThrow(/did you mean "aes-256-gcm"/);
    await expect(pair(a, "c", "aes-256-gcm")).rejects.toThrow(coded("not-found"));
    await expect(pair(a, "a", "aes-256-gcm")).rejects.toThrow(coded("usage"));
    expect((await cluster(a)).pair_ciphers).toEqual([]);
    await setCipher("none");
    await expect(pair(a, "b", "aes-256-gcm")).rejects.toThrow(/cipher=none.*warren cluster set cipher=/);
  });

  it("ends with the cluster's cipher, with the node, and with the peer", async () => {
    const a = await joined("a", "192.0.2.1");
    await joined("b", "192.0.2.2");
    await joined("c", "192.0.2.3");
    await pair(a, "b", "chacha20-poly1305");
    await pair(a, "c", "chacha20-poly1305");
    await revokeNode(mesh.core.context, "b");
    expect((await cluster(a)).pair_ciphers).toHaveLength(1);
    await setCipher("none");
    await setCipher("aes-256-gcm");
    expect((await cluster(a)).pair_ciphers).toEqual([]);
    expect((await mesh.store.range("pair-cipher/")).entries).toEqual([]);
  });

  it("can only be set by a node that is in the mesh", async () => {
    await joined("b", "192.0.2.2");
    const stranger = await mesh.node("x", "192.0.2.9");
    await expect(pair(stranger, "b", "chacha20-poly1305")).rejects.toThrow(coded("not-ready"));
    await expect(mesh.core.as("nobody").setPairCipher({ peer_name: "b", cipher: "" })).rejects.toThrow(
      coded("unauthenticated"),
    );
  });
});

describe("a foreign WireGuard peer", () => {
  const key = newPublicKey();
  const peer = {
    name: "laptop",
    publicKey: formatSealingKey(key),
    endpoint: "198.51.100.7:41194",
    allowedIps: ["10.9.0.7/32", "fd00:9::/64"],
  };
  const add = (change: Partial<typeof peer> = {}) => addForeignPeer(mesh.core.context, { ...peer, ...change });

  it("is in every netmap with its key and endpoint, as older agents take it too", async () => {
    await setCipher("chacha20-poly1305");
    const { id } = await add();
    await mesh.clock.advance(50);
    expect(entry("laptop")).toMatchObject({
      ...{ id, foreign: true, state: "NODE_STATE_READY", pod_cidrs: peer.allowedIps, key_epoch: 1 },
      ...{ underlay_address: "198.51.100.7", sealed_port: 41194, port: 4789 },
      vtep_mac: expect.stringMatching(/^02(:[0-9a-f]{2}){5}$/),
    });
    expect(new Uint8Array(entry("laptop").sealing_key)).toEqual(key);
    expect(describeNodes(mesh.core.context, true)).toMatchObject([
      { name: "laptop", kind: "wireguard", sealing: { publicKey: peer.publicKey, epoch: 1, port: 41194 } },
    ]);
  });

  it("takes no key, name, address or prefix that is another's, and leaves its own when it goes", async () => {
    await setCipher("chacha20-poly1305");
    const a = await joined("a", "192.0.2.1");
    await expect(add({ publicKey: formatSealingKey(a.sealingKey) })).rejects.toThrow(coded("sealing-key-taken"));
    await expect(add({ name: "a" })).rejects.toThrow(coded("node-name-taken"));
    await expect(add({ endpoint: "192.0.2.1:51820" })).rejects.toThrow(coded("underlay-taken"));
    await expect(add({ allowedIps: a.held as string[] })).rejects.toThrow(coded("already-exists"));
    await add();
    await expect(a.register({ sealing_key: key })).rejects.toThrow(coded("sealing-key-taken"));
    await removeForeignPeer(mesh.core.context, "laptop");
    await a.register({ sealing_key: key });
  });

  it.each([
    [{ publicKey: "nonsense" }, "key-invalid"],
    [{ publicKey: Buffer.alloc(32).toString("base64") }, "key-invalid"],
    [{ endpoint: "laptop.example:51820" }, "address-invalid"],
    [{ endpoint: "198.51.100.7" }, "address-invalid"],
    [{ endpoint: "10.244.0.7:51820" }, "address-invalid"],
    [{ allowedIps: [] }, "usage"],
    [{ allowedIps: ["0.0.0.0/0"] }, "pool-overlap"],
    [{ allowedIps: ["10.9.0.7/24"] }, "address-invalid"],
  ])("is refused with %j as %s", async (change, code) => {
    await setCipher("chacha20-poly1305");
    await expect(add(change)).rejects.toThrow(coded(code));
  });

  it("comes only to a cluster with its cipher, keeps it when the cluster changes, and forbids none", async () => {
    for (const cipher of ["aes-256-gcm", "none"]) {
      await setCipher(cipher);
      await expect(add()).rejects.toThrow(new RegExp(`has cipher ${cipher}; .*cluster set cipher=chacha20-poly1305`));
    }
    await setCipher("chacha20-poly1305");
    await add();
    await expect(setCipher("none")).rejects.toThrow(/WireGuard peers.*: laptop\. .*warren peer del/);
    await setCipher("aes-256-gcm");
    const a = await joined("a", "192.0.2.1");
    const set = (cipher: string) => a.mesh.setPairCipher({ peer_name: "laptop", cipher });
    await expect(set("aes-256-gcm")).rejects.toThrow(/WireGuard peer, which knows chacha20-poly1305/);
    for (const cipher of [...SEALING_CIPHERS.slice(0, 1), ""]) await set(cipher);
  });
});
