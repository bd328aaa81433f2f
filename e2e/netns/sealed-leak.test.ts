import { setTimeout as delay } from "node:timers/promises";
import type { Cipher } from "@warren/common/net/cipher.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCapture } from "../interop/capture.ts";
import { type ClearText, findClearText } from "../lab/clear-text.ts";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { podProgram } from "../lab/pod.ts";
import { sealedSessions } from "../lab/sessions.ts";
import { type Stream, startStream } from "../lab/stream.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

/** Marker of each stream, and what it is. The long datagrams are more than any MTU: fragments. */
const STREAMS = {
  "clear-four-": { from: 1, family: 4, bytes: 200, intervalMs: 2 },
  "clear-back-": { from: 2, family: 4, bytes: 900, intervalMs: 5 },
  "clear-six-": { from: 1, family: 6, bytes: 300, intervalMs: 5 },
  "clear-long-": { from: 2, family: 4, bytes: 3000, intervalMs: 10 },
} as const;
/** Of each stream at least, however slow the machine is. */
const ENOUGH = 50;
const MARKERS = Object.keys(STREAMS) as (keyof typeof STREAMS)[];

describeAsRoot("what pods send is found on no underlay in the clear", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    const control = { flags: [...DUAL_STACK, "--cipher", "chacha20-poly1305"] };
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, family: "both", control });
    // Each host would give to the other whatever no route of ours takes, as to a router: a way out in the clear.
    for (const [host, router] of [[mesh.lab.host(1), mesh.lab.host(2)] as const, [mesh.lab.host(2), mesh.lab.host(1)]])
      for (const via of router!.underlays) await host.run("ip", ["route", "add", "default", "via", via]);
  });
  afterAll(() => mesh?.lab.close());

  /** What was in the clear on the underlay of either host while `body` ran, and how many of each stream were sent. */
  const underWatch = async (body: () => Promise<void>) => {
    const { lab } = mesh;
    const captures = await Promise.all(lab.hosts.map((host) => startCapture(lab, host, "")));
    const sent = await underStreams(body);
    const search = { markers: MARKERS, addresses: mesh.pods.flatMap((pod) => pod.addresses) };
    const last = Buffer.from(`last-${Date.now()}`);
    const [from, to] = lab.hosts.map((host) => host.underlay);
    const send = [podProgram("udp-send.mjs"), from!, "0", to!, "9", last.toString("hex")];
    await lab.host(1).run(process.execPath, send);
    const found: ClearText[] = [];
    for (const capture of captures) found.push(findClearText(await capture.stop(last), search));
    return { found, sent };
  };

  const underStreams = async (body: () => Promise<void>): Promise<ReadonlyMap<string, number>> => {
    const streams: Stream[] = [];
    for (const [index, marker] of MARKERS.entries()) {
      const { from, ...options } = STREAMS[marker];
      const to = mesh.pod(from === 1 ? 2 : 1);
      streams.push(await startStream(mesh.pod(from), to, { ...options, marker, port: 7200 + index, impatient: true }));
    }
    await body();
    for (const stream of streams) await stream.hasSent(ENOUGH);
    const results = await Promise.all(streams.map((stream) => stream.stop()));
    return new Map(MARKERS.map((marker, index) => [marker, results[index]!.sent]));
  };

  const setCipher = async (cipher: Cipher) => {
    await mesh.lab.warren("control", "cluster", "set", `cipher=${cipher}`);
  };
  const sealedWith = (cipher: Cipher) => sealedSessions(mesh.lab, [1, 2], cipher);
  /** Until no agent takes, or sends from, the other framing's port any more. */
  const closed = (port: number) =>
    waitFor(`port ${port} to be closed`, async () => {
      const sockets = mesh.lab.hosts.map((host) => host.run("ss", ["-Hlun", "sport", "=", `:${port}`]));
      return (await Promise.all(sockets)).every(({ stdout }) => stdout.trim() === "");
    });
  /** Long enough for hundreds of packets. */
  const aWhile = () => delay(300);
  const both = (what: (host: 1 | 2) => Promise<unknown>) => Promise.all(([1, 2] as const).map(what));

  const DANGERS: Record<string, () => Promise<void>> = {
    "a stop and a start": async () => {
      await mesh.lab.agent(1).stop();
      await aWhile();
      await mesh.lab.agent(1).start();
    },
    "kill -9, first of one, then of both at once": async () => {
      await mesh.lab.agent(2).kill();
      await aWhile();
      await mesh.lab.agent(2).start();
      await both((host) => mesh.lab.agent(host).kill());
      await aWhile();
      await both((host) => mesh.lab.agent(host).start());
    },
    "a rotation of keys, with and without overlap": async () => {
      await mesh.lab.warren(1, "keys", "rotate");
      await sealedWith("chacha20-poly1305");
      await mesh.lab.warren(2, "keys", "rotate", "--now");
      await sealedWith("chacha20-poly1305");
    },
    "a change of the cluster's cipher, there and back": async () => {
      await setCipher("aes-256-gcm");
      await sealedWith("aes-256-gcm");
      await setCipher("chacha20-poly1305");
      await sealedWith("chacha20-poly1305");
      await aWhile();
    },
    "a cipher of their own for two nodes, there and back": async () => {
      const peer = mesh.lab.host(2).netns;
      await mesh.lab.warren(1, "peers", "set", peer, "cipher=aes-256-gcm");
      await sealedWith("aes-256-gcm");
      await mesh.lab.warren(1, "peers", "set", peer, "cipher=default");
      await sealedWith("chacha20-poly1305");
      await aWhile();
    },
    "the loss of a peer, of the control plane, and a start without either": async () => {
      await mesh.lab.host(2).setFault({ kind: "blackhole" });
      await mesh.lab.controlPlane.kill();
      await aWhile();
      await mesh.lab.agent(1).kill();
      await mesh.lab.agent(1).start();
      await aWhile();
      await mesh.lab.controlPlane.start();
      await mesh.lab.host(2).clearFault();
      await aWhile();
    },
  };

  it.each(Object.keys(DANGERS))("during %s", async (danger) => {
    const { found } = await underWatch(async () => {
      await aWhile();
      await DANGERS[danger]!();
    });
    for (const { frames, finds } of found) {
      expect(frames).toBeGreaterThan(2 * ENOUGH);
      expect(finds.slice(0, 3)).toEqual([]);
    }
  });

  it("and the very same search finds every single packet where the cipher is none", async () => {
    await setCipher("none");
    await closed(51820);
    const { found, sent } = await underWatch(aWhile);
    for (const { numbers } of found)
      for (const [marker, count] of sent) {
        expect(count).toBeGreaterThanOrEqual(ENOUGH);
        expect([marker, numbers.get(marker)!.size]).toEqual([marker, count]);
      }
  });

  it("once a plain cluster has become a sealed one", async () => {
    const { found: before } = await underWatch(async () => {
      await setCipher("aes-256-gcm");
      await closed(4789);
    });
    for (const { finds } of before) expect(finds.length).toBeGreaterThan(0);
    const { found } = await underWatch(aWhile);
    for (const { finds } of found) expect(finds.slice(0, 3)).toEqual([]);
  });
}, ["tcpdump", "ss"]);
