import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overlayPrefixes } from "./forwarding-view.ts";
import { applyUpdate, faultOf, type Netmap } from "./netmap.ts";

const cluster = {
  id: "c",
  pod_cidrs: ["10.244.0.0/16"],
  vni: 4096,
  port: 4789,
  cipher: "none",
  encapsulation: "always",
  ...{ sealed_port: 51820, pair_ciphers: [] },
};
const generation = "g1";
const node = (id: string, epoch = 1): NodeMessage => ({
  ...{ id, name: id, underlay_address: "192.0.2.1", port: 0, vtep_mac: "02:00:00:00:00:01", epoch },
  ...{ pod_cidrs: ["10.244.1.0/24"], state: "NODE_STATE_READY", foreign: false },
  ...{ sealing_key: new Uint8Array(), sealed_port: 0, key_epoch: 0 },
});

describe("netmap", () => {
  it("is the same by deltas as by a snapshot of the end", () => {
    const change = fc.record({
      put: fc.array(fc.record({ id: fc.constantFrom("a", "b", "c", "d"), epoch: fc.nat(9) }), { maxLength: 3 }),
      remove: fc.array(fc.constantFrom<string>("a", "b", "c", "d"), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const truth = new Map<string, NodeMessage>();
        let map: Netmap = applyUpdate(null, { revision: 1, snapshot: { cluster, nodes: [] }, generation });
        for (const [i, { put, remove }] of changes.entries()) {
          const changed = put.map(({ id, epoch }) => node(id, epoch)).filter(({ id }) => !remove.includes(id));
          for (const item of changed) truth.set(item.id, item);
          for (const id of remove) truth.delete(id);
          map = applyUpdate(map, {
            revision: i + 2,
            delta: { cluster: null, changed, removed_ids: remove },
            generation,
          });
        }
        const snapshot = { cluster, nodes: [...truth.values()] };
        const whole = applyUpdate(null, { revision: map.revision, snapshot, generation });
        expect(new Map(map.nodes)).toEqual(new Map(whole.nodes));
        expect(map.cluster).toEqual(cluster);
      }),
    );
  });

  it("asks for a snapshot when a change comes first", () => {
    const delta = { cluster: null, changed: [], removed_ids: [] };
    expect(() => applyUpdate(null, { revision: 5, delta, generation })).toThrow(
      expect.objectContaining({ code: "compacted" }),
    );
  });

  it("lets nothing through to routes and headers that is not an address", () => {
    expect(faultOf(node("a"))).toBeNull();
    for (const field of ["underlay_address", "vtep_mac"] as const)
      fc.assert(
        fc.property(fc.string(), fc.constantFrom(";reboot", "$(x)", "\n", " dev eth0", "-"), (text, bad) => {
          expect(faultOf({ ...node("a"), [field]: text + bad })).not.toBeNull();
          expect(faultOf({ ...node("a"), [field]: `-${text}` })).not.toBeNull();
        }),
      );
    expect(faultOf({ ...node("a"), pod_cidrs: ["10.244.1.0/24", "10.244.1.1/24"] })).not.toBeNull();
    expect(faultOf({ ...node("a"), port: 70_000 })).toContain("not a port");
  });

  it("routes the pools, and prefixes of foreign peers outside of them", () => {
    const foreign = { ...node("f"), pod_cidrs: ["10.99.0.0/24", "10.244.9.0/24"], foreign: true };
    expect(
      overlayPrefixes(cluster, [node("a"), foreign, { ...node("bad"), vtep_mac: "x", pod_cidrs: ["10.98.0.0/24"] }]),
    ).toEqual(["10.244.0.0/16", "10.99.0.0/24"]);
  });
});
