import { readFileSync } from "node:fs";
import {
  COOKIE_REPLY,
  INITIATION,
  INITIATION_MAC2,
  KEEPALIVE_BYTES,
  RESPONSE,
  TRANSPORT,
  TRANSPORT_COUNTER,
  TRANSPORT_HEADER,
  TRANSPORT_RECEIVER,
} from "@warren/common/wire/wireguard.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { forgeInitiation, forgeResponse, forgeTransport } from "../lab/forge-wireguard.ts";
import { ping } from "../lab/measure.ts";
import { readDatagrams } from "../lab/pcap.ts";
import { podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { capture, startCapture } from "./capture.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

const PORT = 9999;
/** Messages that a receiver may see after a later one (RFC 6479 with WireGuard's window). */
const WINDOW = 8192;
const FLOOD = 30_000;
/** Of a flood at least, on a machine that is too slow for most of it. */
const SEEN = 100;

describeWithWireGuardGo(
  "an attacker between wireguard-go and a node",
  (command) => {
    let mesh: WireGuardMesh;
    let listener: Supervised;
    beforeAll(async () => {
      mesh = await createWireGuardMesh({ command, strangers: 1 });
      listener = await mesh.pod.spawn(process.execPath, [podProgram("udp-listen.mjs"), String(PORT)]);
      await waitFor("the listener", () => listener.log().includes("listening"));
      await mesh.connect();
    });
    afterAll(() => mesh?.close());

    /** Datagrams from wireguard-go's host through the tunnel to the pod. */
    const say = (...payloads: string[]) => sayFrom(mesh.foreign.address(4), ...payloads);
    const sayFrom = async (source: string, ...payloads: string[]) => {
      const args = [podProgram("udp-send.mjs"), source, "0", mesh.pod.address(4), String(PORT)];
      await mesh.foreign.node.run(process.execPath, [
        ...args,
        ...payloads.map((text) => Buffer.from(text).toString("hex")),
      ]);
    };
    const heard = (payload: string) =>
      listener
        .log()
        .split("\n")
        .filter((line) => line.endsWith(` ${payload}`)).length;
    /** The messages of that kind that left wireguard-go while `body` ran, as they stand on the wire: `count` at least. */
    const messagesOf = async (is: (message: Buffer) => boolean, count: number, body: () => Promise<void>) => {
      const { node } = mesh.foreign;
      const filter = `udp dst port 51820 and src host ${node.underlay}`;
      const found = (path: string) =>
        readDatagrams(path)
          .map(({ payload }) => payload)
          .filter(is);
      const path = await capture(mesh.lab, node, filter, async (file) => {
        await body();
        await waitFor(`${count} messages`, () => found(file).length >= count);
      });
      return found(path);
    };
    /** Messages to the node's sealed port, from the stranger's host. */
    const forge = async (...messages: Buffer[]) => {
      const [attacker, target] = [mesh.lab.host(3), mesh.lab.host(1)];
      const args = [podProgram("udp-send.mjs"), attacker.underlay, "55555", target.underlay, "51820"];
      await attacker.run(process.execPath, [...args, ...messages.map((message) => message.toString("hex"))]);
    };
    let marks = 0;
    /** Which drops were counted for what `body` sent. */
    const dropped = async (body: () => Promise<void>) => {
      const before = await mesh.drops();
      await body();
      // What comes after it on the same path has been handled after it.
      const last = `mark-${marks++}`;
      await say(last);
      await waitFor("the packet after it", () => heard(last) === 1);
      const after = await mesh.drops();
      const counts = Object.keys(after).map(
        (reason) => [reason, (after[reason] ?? 0) - (before[reason] ?? 0)] as const,
      );
      return Object.fromEntries(counts.filter(([, count]) => count !== 0));
    };
    const node = () => mesh.foreign.config.peers[0]!;
    const publicKey = () => Buffer.from(node().publicKey, "base64");

    it("who sends messages again has each counted as replayed, delivers nothing twice and moves nobody", async () => {
      const payloads = Array.from({ length: 20 }, (_, index) => `once-${index}`);
      const messages = await messagesOf(isPacket, 20, () => say(...payloads));
      expect(messages.length).toBeGreaterThanOrEqual(20);
      const endpoint = await mesh.endpoint();
      expect(endpoint).toContain(mesh.foreign.node.underlay);
      expect(await dropped(() => forge(...messages, ...messages))).toEqual({ replayed: 2 * messages.length });
      for (const payload of payloads) expect(heard(payload)).toBe(1);
      expect(await mesh.endpoint()).toBe(endpoint);
      expect(await mesh.reaches()).toBe(true);
    });

    it("who changes their order changes nothing but their order", async () => {
      const target = mesh.lab.host(1);
      const payloads = Array.from({ length: 20 }, (_, index) => `late-${index}`);
      await target.setFault({ kind: "blackhole" }, { udpPort: 51_820 });
      const messages = await messagesOf(isPacket, 20, () => say(...payloads));
      await target.clearFault();
      expect(messages).toHaveLength(20);
      expect(payloads.map(heard)).toEqual(payloads.map(() => 0));
      expect(await dropped(() => forge(...messages.toReversed()))).toEqual({});
      expect(payloads.map(heard)).toEqual(payloads.map(() => 1));
      expect(await dropped(() => forge(...messages))).toEqual({ replayed: 20 });
      expect(payloads.map(heard)).toEqual(payloads.map(() => 1));
      // They were authentic, and so their sender was where the peer was, until it was heard of again from its own place.
      expect(await mesh.reaches()).toBe(true);
    });

    it("who holds a message back for longer than the window has it refused", async () => {
      const target = mesh.lab.host(1);
      await target.setFault({ kind: "blackhole" }, { udpPort: 51_820 });
      const messages = await messagesOf(isPacket, 1, () => say("held-back"));
      await target.clearFault();
      expect(messages).toHaveLength(1);
      const args = [podProgram("udp-flood.mjs"), mesh.foreign.address(4), mesh.pod.address(4), "9998", "4000", "00"];
      // What wireguard-go's device has no room for gets no number.
      for (let newest = messages[0]!; counterOf(newest) <= counterOf(messages[0]!) + WINDOW; ) {
        await mesh.foreign.node.run(process.execPath, args);
        newest = (await messagesOf(isPacket, 1, () => say("newer"))).at(-1)!;
      }
      expect(await dropped(() => forge(...messages))).toEqual({ replayed: 1 });
      expect(heard("held-back")).toBe(0);
    });

    it("and a peer that lies about the inner source is not believed", async () => {
      await mesh.foreign.node.run("ip", ["address", "add", "10.99.77.1/32", "dev", "lo"]);
      const lies = () => sayFrom("10.99.77.1", "a-lie", "a-lie");
      expect(await dropped(lies)).toEqual({ "ingress-spoof": 2 });
      expect(heard("a-lie")).toBe(0);
      await mesh.foreign.node.run("ip", ["address", "del", "10.99.77.1/32", "dev", "lo"]);
    });

    it("who sends garbage has it counted by what is wrong with it", async () => {
      const [message] = await messagesOf(isPacket, 1, () => say("model"));
      const index = message!.readUInt32LE(TRANSPORT_RECEIVER);
      const reserved = Buffer.from(message!);
      reserved[2] = 1;
      const short = message!.subarray(0, 31);
      const types = [0, 5, 255].map((type) => Buffer.concat([Buffer.from([type]), message!.subarray(1)]));
      const malformed = [Buffer.alloc(0), Buffer.from([4]), short, reserved, ...types];
      expect(await dropped(() => forge(...malformed))).toEqual({ "sealed-malformed": malformed.length });
      const unknown = [1, 2, 3].map((step) => forgeTransport((index + step) >>> 0, 0, 100));
      expect(await dropped(() => forge(...unknown))).toEqual({ "unknown-session": 3 });
      const flipped = Buffer.from(message!);
      flipped.writeUInt32LE(flipped.readUInt32LE(8) + 1000, 8);
      const cut = Buffer.from(flipped).subarray(0, -16);
      const noise = [TRANSPORT_HEADER, 16, 17, 1400].map((length) => forgeTransport(index, 2 ** 40, length));
      expect(await dropped(() => forge(flipped, cut, ...noise))).toEqual({ forged: 6 });
      expect(await mesh.reaches()).toBe(true);
    });

    it("who sends broken and forged handshakes gets no answer, and stops nobody", async () => {
      const [real] = await messagesOf(isInitiation, 1, async () => {
        await mesh.foreign.forgetPeer(mesh.node, true);
        await say("fresh");
      });
      const attacker = mesh.lab.host(3);
      const wrongMac = Buffer.from(real!);
      wrongMac[120]! ^= 1;
      const handshakes = [
        real!,
        wrongMac,
        forgeInitiation(publicKey()),
        forgeResponse(publicKey(), 1),
        real!.subarray(1),
      ];
      const path = await capture(mesh.lab, attacker, "udp src port 51820", async () => {
        await forge(...handshakes, real!, real!);
        // A node answers a handshake before it forwards what comes after.
        await say("after-them");
        await waitFor("what comes after them", () => heard("after-them") === 1);
      });
      expect(readDatagrams(path)).toEqual([]);
      expect(await mesh.reaches()).toBe(true);
    });

    it("who goes on sending forged handshakes makes the node ask for cookies; a peer shows its own and connects", async () => {
      const { foreign, lab, pod } = mesh;
      const [attacker, target] = [lab.host(3), lab.host(1)];
      const forged = forgeInitiation(publicKey()).toString("hex");
      const targets = Array.from({ length: 3 }, () => `${target.underlay}:51820`);
      const words = [attacker.underlay, "1", forged, ...targets];
      const said = await startCapture(lab, attacker, "udp src port 51820");
      const flood = await attacker.spawn(process.execPath, [podProgram("udp-repeat.mjs"), ...words]);
      await waitFor("the node to ask for cookies", () => readDatagrams(said.path).length > 0);
      // A new session, as after a restart of the peer.
      const { lastHandshake } = await foreign.peer(mesh.node);
      const path = await capture(lab, foreign.node, "udp port 51820", async (file) => {
        await foreign.forgetPeer(mesh.node, true);
        await say("please");
        await foreign.handshakeAfter(mesh.node, lastHandshake, 15_000);
        await waitFor("the response", () => readDatagrams(file).some(({ payload }) => payload[0] === RESPONSE));
      });
      expect(flood.running).toBe(true);
      expect(await ping(pod.netns, foreign.address(4), { count: 5, intervalMs: 100 })).toMatchObject({ received: 5 });
      await flood.end();
      const types = readDatagrams(path).map(({ payload }) => payload[0]!);
      expect(types.slice(0, types.indexOf(RESPONSE))).toContain(COOKIE_REPLY);
      const initiations = readDatagrams(path).filter(({ payload }) => payload[0] === INITIATION);
      expect(
        initiations
          .at(-1)!
          .payload.subarray(INITIATION_MAC2)
          .some((byte) => byte !== 0),
      ).toBe(true);
      // The attacker is told that it has to show a cookie, and nothing else.
      const answers = readDatagrams(await said.stop()).map(({ payload }) => payload[0]);
      expect(new Set(answers)).toEqual(new Set([COOKIE_REPLY]));
    });

    it("who floods a node with more forged handshakes than it can read costs it no memory and no session", async () => {
      const { foreign, lab, pod } = mesh;
      const [attacker, target] = [lab.host(3), lab.host(1)];
      const memoryBefore = residentMib(lab.agent(1).process.pid);
      const args = [podProgram("udp-flood.mjs"), attacker.underlay, target.underlay, "51820", String(FLOOD)];
      const forged = Array.from({ length: 20 }, () => forgeInitiation(publicKey()).toString("hex"));
      const before = (await mesh.drops())["handshake-flood"] ?? 0;
      const flood = await attacker.spawn(process.execPath, [...args, ...forged]);
      const during = await ping(pod.netns, foreign.address(4), { count: 5, intervalMs: 100 });
      // A socket buffer that is full drops some of all: not every one.
      expect(during.received).toBeGreaterThan(0);
      await flood.exited;
      expect(flood.log()).toContain(`sent ${FLOOD}`);
      expect((await mesh.drops())["handshake-flood"]).toBeGreaterThan(before);
      expect(residentMib(lab.agent(1).process.pid) - memoryBefore).toBeLessThan(100);
      expect(await ping(pod.netns, foreign.address(4), { count: 3 })).toMatchObject({ received: 3 });
      expect(lab.agent(1).running).toBe(true);
    });

    it("who floods a node with forged transport messages changes nothing for others", async () => {
      const { foreign, lab, pod } = mesh;
      const [attacker, target] = [lab.host(3), lab.host(1)];
      const [message] = await messagesOf(isPacket, 1, () => say("model-2"));
      const index = message!.readUInt32LE(TRANSPORT_RECEIVER);
      const forged = [
        forgeTransport(index, 2 ** 40, 1200),
        forgeTransport((index ^ 1) >>> 0, 0, 64),
        Buffer.from([9, 9]),
      ];
      const args = [podProgram("udp-flood.mjs"), attacker.underlay, target.underlay, "51820", String(FLOOD)];
      const drops = await dropped(async () => {
        const flood = await attacker.spawn(process.execPath, [...args, ...forged.map((one) => one.toString("hex"))]);
        const during = await ping(pod.netns, foreign.address(4), { count: 5, intervalMs: 100 });
        // A socket buffer that is full drops some of all: not every one.
        expect(during.received).toBeGreaterThan(0);
        await flood.exited;
      });
      for (const reason of ["forged", "unknown-session", "sealed-malformed"])
        expect(drops[reason]).toBeGreaterThan(SEEN);
      expect(await ping(pod.netns, foreign.address(4), { count: 3 })).toMatchObject({ received: 3 });
    });
  },
  ["tcpdump"],
);

/** A transport message that is no keepalive. */
const isPacket = (message: Buffer) => message[0] === TRANSPORT && message.length > KEEPALIVE_BYTES;
const isInitiation = (message: Buffer) => message[0] === INITIATION;

const counterOf = (message: Buffer) => Number(message.readBigUInt64LE(TRANSPORT_COUNTER));

/** Memory of a process, MiB. */
function residentMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Number(kib) / 1024;
}
