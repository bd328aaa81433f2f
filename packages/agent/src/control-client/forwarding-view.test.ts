import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import { expect, it } from "vitest";
import { overlayPrefixes } from "./forwarding-view.ts";

it("routes nothing into the overlay of a family that the pods do not have", () => {
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
  expect(overlayPrefixes(cluster, [foreign])).toEqual(["10.244.0.0/16", "10.99.0.0/24"]);
  expect(overlayPrefixes({ ...cluster, pod_cidrs: ["fd00:77::/48"] }, [foreign])).toEqual([
    "fd00:77::/48",
    "fd00:99::/64",
  ]);
});
