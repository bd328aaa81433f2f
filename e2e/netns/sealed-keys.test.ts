import type { AgentStatus, KeysInfo, PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { sealedSessions } from "../lab/sessions.ts";
import { type Stream, type StreamResult, startStream } from "../lab/stream.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const CIPHER = "chacha20-poly1305";
/** A handshake that had to be tried again takes 5 s, a session that has to be found dead 15 s: neither may be needed. */
const NO_RETRY_MS = 4_500;

describeAsRoot("a sealed mesh while pods talk", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    const control = { flags: ["--cipher", CIPHER] };
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3, control });
  });
  afterAll(() => mesh?.lab.close());

  /** A datagram every millisecond in both directions between the pods of two hosts. */
  const underStreams = async (a: number, b: number, body: () => Promise<void>): Promise<StreamResult[]> => {
    const streams: Stream[] = [];
    for (const [from, to] of [[a, b] as const, [b, a] as const])
      streams.push(await startStream(mesh.pod(from), mesh.pod(to), { port: 7200 }));
    let results: StreamResult[] = [];
    try {
      await body();
      await Promise.all(streams.map((stream) => stream.goesOn()));
    } finally {
      results = await Promise.all(streams.map((stream) => stream.stop()));
    }
    return results;
  };
  const epochOf = async (host: number) => (await mesh.lab.warren<KeysInfo>(host, "keys", "show")).epoch;

  it.each([
    ["one node's keys", [1]],
    ["one node's keys, three times at once", [1, 1, 1]],
    ["both nodes' keys at the same time", [1, 2]],
  ] as const)("loses no packet when %s are rotated", async (_, hosts) => {
    const before = await epochOf(1);
    const results = await underStreams(1, 2, async () => {
      await Promise.all(hosts.map((host) => mesh.lab.warren(host, "keys", "rotate")));
      await sealedSessions(mesh.lab, [1, 2], CIPHER);
    });
    expect(await epochOf(1)).toBeGreaterThan(before);
    console.log(`rotation: ${results.map(({ sent, lost }) => `${lost} of ${sent}`).join(", ")} lost`);
    for (const { lost, gaps, repeated } of results)
      expect({ lost, gaps, repeated }).toMatchObject({ lost: 0, repeated: 0 });
    for (const host of [1, 2]) {
      const { traffic } = await mesh.lab.warren<KeysInfo>(host, "keys", "show");
      expect(traffic.length).toBeGreaterThan(0);
      for (const epoch of traffic) expect(epoch).toMatchObject({ lost: 0, undecryptable: 0 });
    }
  });

  it("takes new keys at once where the old ones are forgotten at once, and says so", async () => {
    const before = await mesh.lab.warren<KeysInfo>(1, "keys", "show");
    const results = await underStreams(1, 2, async () => {
      const after = await mesh.lab.warren<KeysInfo>(1, "keys", "rotate", "--now");
      expect(after).toMatchObject({ epoch: before.epoch + 1, previous: null, next: null });
      expect(after.publicKey).not.toBe(before.publicKey);
      await sealedSessions(mesh.lab, [1, 2], CIPHER);
    });
    console.log(`rotation --now: ${results.map(({ sent, lost }) => `${lost} of ${sent}`).join(", ")} lost`);
    for (const { longestPauseMs } of results) expect(longestPauseMs).toBeLessThan(NO_RETRY_MS);
  });

  it.each([
    ["restart", () => mesh.lab.agent(2).restart()],
    [
      "kill -9",
      () =>
        mesh.lab
          .agent(2)
          .kill()
          .then(() => mesh.lab.agent(2).start()),
    ],
  ] as const)("is as it was after the %s of an agent", async (what, act) => {
    let startedMs = 0;
    const results = await underStreams(1, 2, async () => {
      const beganMs = performance.now();
      await act();
      startedMs = performance.now() - beganMs;
      // Its peer finds out by itself that the sessions are gone; then the streams must go on.
      await sealedSessions(mesh.lab, [1, 2], CIPHER);
    });
    const pause = Math.max(...results.map(({ longestPauseMs }) => longestPauseMs));
    console.log(`${what}: ready after ${startedMs.toFixed(0)} ms, no packet for ${pause.toFixed(0)} ms`);
    for (const { repeated, longestPauseMs } of results) {
      expect(repeated).toBe(0);
      expect(longestPauseMs - startedMs).toBeLessThan(NO_RETRY_MS);
    }
  });

  it("does not hear a revoked node any more, even if it was told nothing of it", async () => {
    const revoked = mesh.lab.host(2).netns;
    // The node cannot hear of its revocation, and goes on as if nothing were.
    await mesh.lab.host(2).setFault({ kind: "blackhole" }, { from: mesh.lab.control.underlay });
    const drops = async () => (await mesh.lab.warren<AgentStatus>(1, "status")).dataplane.drops["unknown-session"] ?? 0;
    await underStreams(1, 2, async () => {});
    await mesh.lab.warren("control", "nodes", "revoke", revoked);
    await waitFor("the others to forget it", async () => {
      const peers = await Promise.all([1, 3].map((host) => mesh.lab.agent(host).get<PeerInfo[]>("/v1/peers")));
      return peers.every((list) => list.every((peer) => peer.name !== revoked));
    });
    const before = await drops();
    const streams: Stream[] = [];
    for (const [from, to] of [[2, 1] as const, [1, 2] as const])
      streams.push(await startStream(mesh.pod(from), mesh.pod(to), { port: 7300, impatient: true }));
    const heard = await startStream(mesh.pod(1), mesh.pod(3), { port: 7301 });
    await waitFor("the node to refuse what it sends", async () => (await drops()) > before + 100);
    await Promise.all([...streams.map((stream) => stream.hasSent(100)), heard.goesOn()]);
    for (const stream of streams) {
      const { sent, lost } = await stream.stop();
      expect(sent).toBeGreaterThanOrEqual(100);
      expect(lost).toBe(sent);
    }
    expect(await heard.stop()).toMatchObject({ lost: 0 });
  });
});
