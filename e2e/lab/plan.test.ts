import { describe, expect, it } from "vitest";
import { planLab } from "./plan.ts";

describe("planLab", () => {
  it("names every namespace after the lab, so that labs run side by side", () => {
    const plan = planLab({ name: "mine", nodes: 2 });
    expect([plan.switchNetns, plan.control.netns, ...plan.hosts.map((host) => host.netns)]).toEqual([
      "mine-sw",
      "mine-ctl",
      "mine-h1",
      "mine-h2",
    ]);
  });

  it("gives each node its own underlay address, of the family asked for, IPv4 first with both", () => {
    expect(planLab({ name: "a", nodes: 2 }).hosts.map((host) => host.addresses)).toEqual([
      ["198.18.0.11"],
      ["198.18.0.12"],
    ]);
    expect(planLab({ name: "a", nodes: 1, family: 6 }).hosts[0]?.addresses).toEqual(["fd18::b"]);
    expect(planLab({ name: "a", nodes: 1, family: "both" }).control.addresses).toEqual(["198.18.0.2", "fd18::2"]);
    const all = planLab({ name: "a", nodes: 200 });
    expect(new Set([all.control, ...all.hosts].map((node) => node.addresses[0])).size).toBe(201);
  });

  it("puts the control plane on the first host of a direct pair", () => {
    const plan = planLab({ name: "pair", nodes: 2, topology: "direct" });
    expect(plan.switchNetns).toBeNull();
    expect(plan.control.netns).toBe("pair-h1");
  });

  it("keeps interface names within 15 bytes", () => {
    const { control, hosts } = planLab({ name: "a-name-of-twenty-cha", nodes: 200 });
    for (const { port } of [control, ...hosts]) expect(port.length).toBeLessThanOrEqual(15);
  });

  it.each([
    [{ name: "Bad Name", nodes: 1 }, /no name of a lab/],
    [{ name: "a".repeat(21), nodes: 1 }, /at most 20/],
    [{ name: "a", nodes: 0 }, /expected 1 to 200/],
    [{ name: "a", nodes: 1.5 }, /expected 1 to 200/],
    [{ name: "a", nodes: 3, topology: "direct" as const }, /2 hosts/],
  ])("refuses %j with what was expected", (options, message) => {
    expect(() => planLab(options)).toThrow(message);
  });
});
