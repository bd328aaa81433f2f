import { describe, expect, it } from "vitest";
import { referencesAmong, roleOf } from "./roles.ts";

describe("roles of the systems", () => {
  it("takes every form of Warren for our own, the kernel for a yardstick, and all others for peers", () => {
    expect(["warren", "warren-kernel", "warren-aes-256-gcm"].map(roleOf)).toEqual(["own", "own", "own"]);
    expect(["raw-veth", "kernel-vxlan"].map(roleOf)).toEqual(["yardstick", "yardstick"]);
    expect(["wireguard-go", "nebula", "boringtun", "warrenty"].map(roleOf)).toEqual(Array(4).fill("peer"));
  });

  it("has ratios to the reference first, then to each peer that takes part", () => {
    const systems = ["raw-veth", "wireguard-go", "kernel-vxlan", "warren", "nebula"];
    expect(referencesAmong(systems, "kernel-vxlan")).toEqual(["kernel-vxlan", "wireguard-go", "nebula"]);
    expect(referencesAmong(["warren", "nebula"], "kernel-vxlan")).toEqual(["nebula"]);
  });
});
