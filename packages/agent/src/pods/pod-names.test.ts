import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { podParts } from "./pod-names.ts";

const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);

describe("names of a pod's parts", () => {
  it("says whose it is where that fits", () => {
    expect(podParts("node-1", "default", "web").netns).toBe("wrn-node-1-default-web");
  });

  it("fits what Linux allows, whatever the names", () => {
    fc.assert(
      fc.property(name, name, name, (node, namespace, pod) => {
        const parts = podParts(node, namespace, pod);
        expect(parts.netns.length).toBeLessThanOrEqual(60);
        expect(parts.netns).toMatch(/^[a-z0-9._-]+$/);
        expect(parts.hostInterface).toMatch(/^wrn[0-9a-f]{11}$/);
        for (const mac of [parts.hostMac, parts.podMac]) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
        expect(parts.hostMac).not.toBe(parts.podMac);
      }),
    );
  });

  it("differs for pods whose joined names read the same", () => {
    const names = [
      podParts("n", "a-b", "c"),
      podParts("n", "a", "b-c"),
      podParts("n-a", "b", "c"),
      podParts("n", "x", "a".repeat(63)),
      podParts("n", "x", `${"a".repeat(62)}b`),
    ];
    expect(new Set(names.map((parts) => parts.netns)).size).toBe(names.length);
    expect(new Set(names.map((parts) => parts.hostInterface)).size).toBe(names.length);
  });

  it("differs for pods of a node whose name leaves no room for theirs, also where 32 bits of the hash agree", () => {
    const names = ["p21558", "p136577"].map((pod) => podParts("n".repeat(60), "default", pod).netns);
    expect(new Set(names).size).toBe(2);
  });
});
