import { describe, expect, it } from "vitest";
import type { OverlayGuard } from "../dataplane-host/overlay-guard.ts";
import { compileOverlayRules, GUARD_DROPS } from "./overlay-rules.ts";

const table = { family: "inet", table: "warren" };
const guard: OverlayGuard = {
  ...{ device: "warren0", port: 4789, vni: 4096, localPrefixes: ["10.244.1.0/24"] },
  peers: [
    { underlayAddress: "192.0.2.2", prefixes: ["10.244.2.0/24", "fd00:77:0:2::/64"] },
    { underlayAddress: "192.0.2.3", prefixes: ["10.9.0.0/16", "10.9.1.0/24", "10.9.1.0/24"] },
  ],
};

type Command = { readonly add: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
const compiled = (changes: Partial<OverlayGuard> = {}, drops = {}) =>
  compileOverlayRules(table, { ...guard, ...changes }, drops) as unknown as Command[];
const named = (commands: readonly Command[], kind: string, name: string) =>
  commands.map(({ add }) => add[kind]).find((object) => object?.["name"] === name);
const rulesOf = (commands: readonly Command[], chain: string) =>
  commands.flatMap(({ add }) => (add["rule"]?.["chain"] === chain ? [JSON.stringify(add["rule"]["expr"])] : []));

describe("the guard of a kernel device", () => {
  it("knows each peer by its underlay address, and its prefixes by its number", () => {
    const commands = compiled();
    expect(named(commands, "map", "overlay-peers4")).toMatchObject({
      map: "mark",
      elem: [
        ["192.0.2.2", 1],
        ["192.0.2.3", 2],
      ],
    });
    expect(named(commands, "map", "overlay-peers6")).toBeUndefined();
    expect(named(commands, "set", "overlay-sources6")).toMatchObject({
      elem: [{ concat: [1, { prefix: { addr: "fd00:77:0:2::", len: 64 } }] }],
    });
  });

  it("names no interval inside another of the same peer, which a set would refuse", () => {
    expect(named(compiled(), "set", "overlay-sources4")).toMatchObject({
      elem: [
        { concat: [1, { prefix: { addr: "10.244.2.0", len: 24 } }] },
        { concat: [2, { prefix: { addr: "10.9.0.0", len: 16 } }] },
      ],
    });
  });

  it("looks into the datagram for the inner source, IPv6 in words of 32 bits", () => {
    const [v4, v6, , last] = rulesOf(compiled(), "overlay-inner");
    expect(v4).toContain('{"concat":[1,{"range":[183763456,183763711]}]}');
    expect(v4).toContain('{"concat":[2,{"range":[168361984,168427519]}]}');
    expect(v6).toContain(
      '{"concat":[1,{"range":[4244635767,4244635767]},{"range":[2,2]},{"range":[0,4294967295]},{"range":[0,4294967295]}]}',
    );
    expect(last).toBe('[{"counter":"ingress-spoof"},{"drop":null}]');
  });

  it("lets nobody in when there are no peers, and nothing out or in without addresses of our own", () => {
    const commands = compiled({ peers: [], localPrefixes: [] });
    expect(rulesOf(commands, "overlay-datagram")).toHaveLength(2);
    expect(rulesOf(commands, "overlay-datagram")[1]).toBe('[{"counter":"unknown-peer"},{"drop":null}]');
    expect(rulesOf(commands, "overlay-packet").filter((rule) => rule.includes("not-local"))).toHaveLength(2);
    expect(rulesOf(commands, "overlay-leaving").filter((rule) => rule.includes("egress-spoof"))).toHaveLength(2);
    expect(named(commands, "set", "overlay-sources4")).not.toHaveProperty("elem");
  });

  it("goes on counting from what was counted", () => {
    const commands = compiled({}, { "not-local": 7 });
    expect(named(commands, "counter", "not-local")).toMatchObject({ packets: 7 });
    expect(commands.filter(({ add }) => add["counter"])).toHaveLength(GUARD_DROPS.length);
  });
});
