import { COOKIE_REPLY, INITIATION, KEEPALIVE_BYTES, RESPONSE, TRANSPORT } from "@warren/common/wire/wireguard.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ping } from "../lab/measure.ts";
import { readDatagrams } from "../lab/pcap.ts";
import { podProgram } from "../lab/pod.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { capture, type Decoded, decode, makeWireReal } from "./capture.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

const FIELDS = [
  ...["frame.protocols", "frame.len", "frame.time_epoch", "ip.src", "ipv6.src"],
  ...["ip.checksum.status", "udp.checksum.status"],
  ...["wg.type", "wg.reserved", "wg.counter", "wg.keepalive", "wg.receiver"],
  ...["_ws.malformed", "_ws.expert.severity", "_ws.expert.message"],
] as const;
const DATA_PORT = 7100;
/** Longest frame of an Ethernet with the lab's MTU. */
const LONGEST = 1514;
/** Passive keepalive after 10 s, and a second in which nobody looks. */
const KEEPALIVE_MS = 10_000;

type Packet = Decoded<(typeof FIELDS)[number]>;

describe.each([4, 6] as const)("what a node says to wireguard-go over IPv%i", (family) => {
  describeWithWireGuardGo(
    "as tshark sees it",
    (command) => {
      let mesh: WireGuardMesh;
      /** What left the node, in order. */
      let said: Packet[];
      /** When packets came that the node had no answer to, as tshark counts time. */
      let owed: number[];
      beforeAll(async () => {
        mesh = await createWireGuardMesh({ command, family });
        const { lab, pod, foreign, node } = mesh;
        await makeWireReal(lab);
        const path = await capture(lab, lab.host(2), "udp port 51820", async (file) => {
          // The node begins …
          await foreign.leave();
          await foreign.forgetPeer(node, true);
          await foreign.join();
          await mesh.known();
          await ping(pod.netns, foreign.address(4), { count: 2 });
          // … and answers.
          await foreign.forgetPeer(node, true);
          await ping(foreign.node.netns, pod.address(6), { count: 2 });
          for (const inner of [4, 6] as const) {
            await ping(pod.netns, foreign.address(inner), { count: 1, payload: 3000 });
            await transfer(pod.netns, foreign.node, foreign.address(inner), DATA_PORT, 1);
          }
          await sendUnanswered(mesh, file);
        });
        const all = await decode(lab.host(2), path, DATA_PORT, FIELDS);
        const own = lab.host(1).underlay;
        const isOurs = (packet: Packet) => [...packet["ip.src"], ...packet["ipv6.src"]].includes(own);
        const ours = all.filter(isOurs);
        const lastWord = all.findLastIndex((packet) => isOurs(packet) && packet["wg.keepalive"].length === 0);
        const unanswered = all
          .slice(lastWord)
          .filter((packet) => !isOurs(packet) && packet["wg.keepalive"].length === 0);
        owed = unanswered.map((packet) => Number(packet["frame.time_epoch"][0]));
        said = ours.slice(ours.findIndex((packet) => packet["wg.type"].includes(String(INITIATION))));
      });
      afterAll(() => mesh?.close());

      const ofType = (type: number) => said.filter((packet) => packet["wg.type"].includes(String(type)));

      it("is WireGuard, every packet, with the reserved bytes clear", () => {
        expect(said.length).toBeGreaterThan(1000);
        for (const packet of said) {
          expect(packet["frame.protocols"][0]).toMatch(/^eth:ethertype:ipv?6?:udp:wg$/);
          expect(packet["wg.reserved"].map((bytes) => bytes.replaceAll(":", ""))).toEqual(["000000"]);
        }
      });

      it("is an initiation, a response, transport messages and keepalives", () => {
        expect(ofType(INITIATION).length).toBeGreaterThanOrEqual(1);
        expect(ofType(RESPONSE).length).toBeGreaterThanOrEqual(1);
        expect(ofType(COOKIE_REPLY)).toEqual([]);
        expect(ofType(TRANSPORT).length).toBeGreaterThan(1000);
        expect(said.filter((packet) => packet["wg.keepalive"].length > 0).length).toBeGreaterThanOrEqual(2);
      });

      it("counts every session's messages from 0 without a gap or a repetition", () => {
        const sessions = Map.groupBy(ofType(TRANSPORT), (packet) => packet["wg.receiver"][0]!);
        expect(sessions.size).toBeGreaterThanOrEqual(2);
        for (const messages of sessions.values())
          expect(messages.map((packet) => Number(packet["wg.counter"][0]))).toEqual(messages.map((_, index) => index));
      });

      it("is a keepalive ten seconds after a packet that nothing of ours followed", () => {
        const later = said.filter((packet) => Number(packet["frame.time_epoch"][0]) > owed[0]!);
        expect(later.map((packet) => packet["wg.keepalive"].length)).toEqual([1]);
        const atS = Number(later[0]!["frame.time_epoch"][0]);
        expect(atS - owed[0]!).toBeGreaterThan(KEEPALIVE_MS / 1000 - 0.5);
        expect(atS - owed.at(-1)!).toBeLessThan(KEEPALIVE_MS / 1000 + 3);
      });

      it("gives tshark nothing to complain about, and fits the underlay", () => {
        for (const packet of said) {
          expect(packet["_ws.malformed"]).toEqual([]);
          // "This is a Keepalive message" is a note.
          const complaints = packet["_ws.expert.message"].filter((text) => !text.includes("Keepalive"));
          expect(complaints).toEqual([]);
          for (const field of ["ip.checksum.status", "udp.checksum.status"] as const)
            expect(packet[field]).not.toContain("0");
          expect(Number(packet["frame.len"][0])).toBeLessThanOrEqual(LONGEST);
        }
      });
    },
    ["tshark", "tcpdump", "ethtool"],
  );
});

/** A datagram to a pod that listens and does not answer; returns when the node has said that it is still there. */
async function sendUnanswered({ lab, pod, foreign }: WireGuardMesh, file: string): Promise<void> {
  const listener = await pod.spawn(process.execPath, [podProgram("udp-listen.mjs"), "9999"]);
  await waitFor("the listener", () => listener.log().includes("listening"));
  const args = [podProgram("udp-send.mjs"), foreign.address(4), "0", pod.address(4), "9999"];
  await lab.host(2).run(process.execPath, [...args, Buffer.from("unanswered").toString("hex")]);
  await waitFor("the datagram", () => listener.log().includes("unanswered"));
  const isLast = () => readDatagrams(file).at(-1)?.payload.length === KEEPALIVE_BYTES;
  await waitFor("a keepalive", isLast, { timeoutMs: 15_000, everyMs: 200 });
}
