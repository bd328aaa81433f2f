import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import { expect, it } from "vitest";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import { type AgentView, nodeList, peerList } from "./agent-status.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const node = (id: string, change: Partial<NodeMessage> = {}): NodeMessage => ({
  ...{ id, name: id, underlay_address: "192.0.2.1", port: 0, vtep_mac: "02:00:00:00:00:01", epoch: 1 },
  ...{ pod_cidrs: ["10.244.1.0/24"], state: "NODE_STATE_READY", foreign: false },
  ...{ sealing_key: key(1), sealed_port: 0, key_epoch: 4 },
  ...change,
});
const cluster: ClusterMessage = {
  ...{ id: "c", pod_cidrs: ["10.244.0.0/16"], vni: 4096, port: 4789, cipher: "aes-256-gcm", encapsulation: "always" },
  ...{ sealed_port: 51820, pair_ciphers: [{ node_a: "b", node_b: "a", cipher: "chacha20-poly1305" }] },
};
const nodes = [
  node("a"),
  node("b", { sealed_port: 51900 }),
  node("c", { sealing_key: new Uint8Array(), key_epoch: 0 }),
  node("v", { foreign: true, sealing_key: new Uint8Array() }),
  node("w", { foreign: true }),
];
const view = (change: Partial<ClusterMessage> = {}): AgentView =>
  ({
    lease: { cluster: { ...cluster, ...change }, self: nodes[0]! },
    knowledge: { netmap: { revision: 1, nodes: new Map(nodes.map((each) => [each.id, each])) }, asOfMs: 0 },
    plainPrefixes: [],
    stats: new FakeDataPlane({} as never).stats(),
  }) as unknown as AgentView;

it("shows what each node is, and which key it seals with", () => {
  const shown = nodeList(view()).map(({ name, kind, sealing }) => [
    name,
    kind,
    sealing && [sealing.epoch, sealing.port],
  ]);
  expect(shown).toEqual([
    ["a", "node", [4, 51820]],
    ["b", "node", [4, 51900]],
    ["c", "node", null],
    ["v", "vxlan", null],
    ["w", "wireguard", [4, 51820]],
  ]);
  expect(nodeList(view())[0]!.sealing!.publicKey).toBe(Buffer.from(key(1)).toString("base64"));
});

it("shows the cipher with each peer: the pair's, the cluster's, or WireGuard's", () => {
  const ciphers = (change?: Partial<ClusterMessage>) =>
    peerList(view(change)).map(({ name, cipher }) => `${name} ${cipher}`);
  expect(ciphers()).toEqual([
    ...["b chacha20-poly1305", "c aes-256-gcm", "v chacha20-poly1305", "w chacha20-poly1305"],
  ]);
  expect(ciphers({ cipher: "none" })).toEqual(["b none", "c none", "v none", "w none"]);
  expect(ciphers({ cipher: "rot13" })).toEqual(["b unknown", "c unknown", "v unknown", "w unknown"]);
});
