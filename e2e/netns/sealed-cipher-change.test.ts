import type { Cipher } from "@warren/common/net/cipher.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import type { LabPod } from "../lab/pod.ts";
import { sealedSessions } from "../lab/sessions.ts";
import { startStream } from "../lab/stream.ts";
import { startTransfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

/** Every change there is, each beginning where the one before ended. */
const CHANGES: readonly (readonly [Cipher, Cipher])[] = [
  ["none", "chacha20-poly1305"],
  ["chacha20-poly1305", "aes-256-gcm"],
  ["aes-256-gcm", "none"],
  ["none", "aes-256-gcm"],
  ["aes-256-gcm", "chacha20-poly1305"],
  ["chacha20-poly1305", "none"],
];
const OVERLAY_MTU = { plain: 1450, sealed: 1440 };
/** Most that may wait for a session, and be dropped, for each peer. */
const STAGE = 128;

describeAsRoot("a change of the cluster's cipher while pods talk", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control: { flags: DUAL_STACK } });
  });
  afterAll(() => mesh?.lab.close());

  const isSealed = (cipher: Cipher) => cipher !== "none";
  const mtuOf = async (pod: LabPod) =>
    Number(/mtu (\d+)/.exec((await pod.run("ip", ["-o", "link", "show", "dev", "eth0"])).stdout)?.[1]);
  /** Until nothing of the change is left to do: only the port of the new framing is open. */
  const settled = async (cipher: Cipher) => {
    const wanted = isSealed(cipher) ? [51820] : [4789];
    await waitFor("the ports of the new cipher", async () => {
      const sockets = mesh.lab.hosts.map((host) => host.run("ss", ["-Hlun"]));
      const ports = (await Promise.all(sockets)).map(({ stdout }) =>
        [4789, 51820].filter((port) => new RegExp(`:${port}\\b`).test(stdout)),
      );
      return ports.every((open) => JSON.stringify(open) === JSON.stringify(wanted));
    });
  };

  it.each(CHANGES)("from %s to %s breaks no transfer and loses no datagram", async (from, to) => {
    const [one, two] = [mesh.pod(1), mesh.pod(2)];
    expect(await mtuOf(one)).toBe(isSealed(from) ? OVERLAY_MTU.sealed : OVERLAY_MTU.plain);
    const transfers = [await startTransfer(one, two, 7100, 20), await startTransfer(two, one, 7100, 20)];
    const streams = [
      await startStream(one, two, { port: 7200 }),
      await startStream(two, one, { port: 7200 }),
      await startStream(one, two, { port: 7201, family: 6, intervalMs: 2 }),
    ];
    await mesh.lab.warren("control", "cluster", "set", `cipher=${to}`);
    if (isSealed(to)) await sealedSessions(mesh.lab, [1, 2], to);
    await settled(to);

    for (const pod of [one, two]) expect(await mtuOf(pod)).toBe(isSealed(to) ? OVERLAY_MTU.sealed : OVERLAY_MTU.plain);
    const results = await Promise.all(streams.map((stream) => stream.stop()));
    for (const transfer of transfers) {
      const { sent, arrived } = await transfer.stop();
      expect(sent.bytes).toBeGreaterThan(1 << 20);
      expect(arrived).toEqual(sent);
    }
    const lost = results.reduce((sum, result) => sum + result.lost, 0);
    const pause = Math.max(...results.map(({ longestPauseMs }) => longestPauseMs));
    const sent = results.reduce((sum, result) => sum + result.sent, 0);
    console.log(`${from} → ${to}: ${lost} of ${sent} datagrams lost, longest pause ${pause.toFixed(0)} ms`);
    for (const { lost: count, gaps, repeated } of results) {
      expect({ lost: count, gaps, repeated }).toMatchObject(
        isSealed(from) && isSealed(to) ? { lost: 0, gaps: [], repeated: 0 } : { repeated: 0 },
      );
      expect(count).toBeLessThanOrEqual(STAGE);
    }
  });
}, ["ss"]);
