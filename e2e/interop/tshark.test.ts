import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { transfer } from "../lab/transfer.ts";
import { describeAsRoot } from "../netns/as-root.ts";
import { capture, type Decoded, decode, makeWireReal } from "./capture.ts";

const FIELDS = [
  "frame.protocols",
  "frame.len",
  "vxlan.vni",
  "vxlan.flags",
  "udp.dstport",
  "ip.checksum.status",
  "udp.checksum.status",
  "tcp.checksum.status",
  "icmp.checksum.status",
  "icmpv6.checksum.status",
  "_ws.malformed",
  "_ws.expert.severity",
  "_ws.expert.group",
  "_ws.expert.message",
] as const;
const DATA_PORT = 7100;
type Packet = Decoded<(typeof FIELDS)[number]>;

/** Wireshark's values (epan/proto.h). */
const CHECKSUM_BAD = "0";
const CHECKSUM_GOOD = "1";
const SEVERITY_WARN = 0x0060_0000;
/** What the ends of a connection do, such as a reset; no property of a packet. */
const GROUP_SEQUENCE = 0x0200_0000;

/** What tshark has against a packet. */
function complaints(packet: Packet): string[] {
  const grave = packet["_ws.expert.message"].filter(
    (_, index) =>
      Number(packet["_ws.expert.severity"][index]) >= SEVERITY_WARN &&
      Number(packet["_ws.expert.group"][index]) !== GROUP_SEQUENCE,
  );
  const bad = FIELDS.filter((field) => field.endsWith("checksum.status")).filter((f) =>
    packet[f].includes(CHECKSUM_BAD),
  );
  return [
    ...packet["_ws.malformed"].map(() => "malformed"),
    ...grave,
    ...bad.map((field) => `bad ${field.split(".")[0]} checksum`),
  ];
}

describe.each([4, 6] as const)("what leaves a node over an IPv%i underlay", (family) => {
  describeAsRoot("as tshark sees it", () => {
    let mesh: Mesh;
    let packets: Packet[];
    beforeAll(async () => {
      mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, family, control: { flags: DUAL_STACK } });
      await makeWireReal(mesh.lab);
      const [one, two] = [mesh.pod(1), mesh.pod(2)];
      const path = await capture(mesh.lab, mesh.lab.host(2), "udp port 4789", async () => {
        for (const inner of [4, 6] as const) {
          await ping(one.netns, two.address(inner), { count: 3 });
          await ping(one.netns, two.address(inner), { count: 1, payload: 3000 });
          await transfer(one.netns, two, two.address(inner), DATA_PORT, 2);
        }
      });
      packets = await decode(mesh.lab.host(2), path, DATA_PORT, FIELDS);
    });
    afterAll(() => mesh?.lab.close());

    it("is VXLAN with the cluster's VNI, the I flag alone and nothing reserved set", () => {
      expect(packets.length).toBeGreaterThan(1500);
      for (const packet of packets) {
        expect(packet["vxlan.vni"]).toEqual(["4096"]);
        expect(Number(packet["vxlan.flags"][0])).toBe(0x0800);
        expect(packet["udp.dstport"][0]).toBe("4789");
      }
    });

    it("carries ICMP, ICMPv6 and TCP of both families inside", () => {
      const kinds = new Set(packets.map((packet) => packet["frame.protocols"][0]!.replace(/^.*vxlan:/, "")));
      for (const inner of ["eth:ethertype:ip:icmp:data", "eth:ethertype:ip:tcp", "eth:ethertype:ipv6:tcp"])
        expect(
          [...kinds].some((kind) => kind.startsWith(inner)),
          `${inner} in ${[...kinds].join(" ")}`,
        ).toBe(true);
      expect([...kinds].some((kind) => kind.includes("icmpv6"))).toBe(true);
    });

    it("gives tshark nothing to complain about: no malformed packet, no warning, no wrong checksum", () => {
      const found = new Map<string, number>();
      for (const complaint of packets.flatMap(complaints)) found.set(complaint, (found.get(complaint) ?? 0) + 1);
      expect(Object.fromEntries(found)).toEqual({});
      expect(packets.some((packet) => packet["tcp.checksum.status"].includes(CHECKSUM_GOOD))).toBe(true);
    });

    it("fits the underlay", () => {
      for (const packet of packets) expect(Number(packet["frame.len"][0])).toBeLessThanOrEqual(1514);
    });
  }, ["tshark", "tcpdump", "ethtool"]);
});
