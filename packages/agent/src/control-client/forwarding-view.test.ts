import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import { expect, it } from "vitest";
import { CipherChange } from "./cipher-change.ts";
import { compileView, overlayPrefixes } from "./forwarding-view.ts";
import { PeerCiphers } from "./peer-ciphers.ts";

const cluster = {
  id: "c",
  pod_cidrs: ["10.244.0.0/16"],
  vni: 4096,
  port: 4789,
  cipher: "none",
  encapsulation: "always",
  ...{ sealed_port: 51820, pair_ciphers: [] },
};
const foreign: NodeMessage = {
  ...{ id: "f", name: "f", underlay_address: "192.0.2.9", port: 0, vtep_mac: "02:00:00:00:00:09", epoch: 0 },
  ...{ pod_cidrs: ["10.99.0.0/24", "fd00:99::/64"], state: "NODE_STATE_READY", foreign: true },
  ...{ sealing_key: new Uint8Array(), sealed_port: 0, key_epoch: 0 },
};

it("routes nothing into the overlay of a family that the pods do not have", () => {
  expect(overlayPrefixes(cluster, [foreign])).toEqual(["10.244.0.0/16", "10.99.0.0/24"]);
  expect(overlayPrefixes({ ...cluster, pod_cidrs: ["fd00:77::/48"] }, [foreign])).toEqual([
    "fd00:77::/48",
    "fd00:99::/64",
  ]);
});

it("seals for peers with a key, keeps in touch with those that have no agent, and cannot for one without a key", () => {
  const sealed = { ...cluster, cipher: "aes-256-gcm" };
  const self = { ...foreign, id: "a", name: "a", foreign: false, pod_cidrs: ["10.244.1.0/24"] };
  const node = { ...self, id: "b", name: "b", pod_cidrs: ["10.244.2.0/24"], sealing_key: new Uint8Array(32).fill(2) };
  const old = { ...self, id: "c", name: "c", pod_cidrs: ["10.244.3.0/24"] };
  const router = { ...foreign, sealing_key: new Uint8Array(32).fill(3), sealed_port: 41194 };
  const nodes = new Map([self, node, old, router].map((each) => [each.id, each]));
  const change = new CipherChange(sealed.cipher);
  const sealing = { step: change.step(0, sealed.cipher), peers: new PeerCiphers(), nowMs: 0 };
  const view = compileView({ revision: 1, cluster: sealed, nodes }, self, sealing, 1440);
  expect(view).toMatchObject({ framing: "sealed", accepts: ["sealed"], overlayMtu: 1440 });
  expect(view.peers.map(({ nodeId, sealing }) => [nodeId, sealing])).toEqual([
    ["b", expect.objectContaining({ cipher: "aes-256-gcm", port: 51820, persistentKeepaliveMs: 0 })],
    ["c", null],
    ["f", expect.objectContaining({ cipher: "chacha20-poly1305", port: 41194, persistentKeepaliveMs: 25_000 })],
  ]);
});
