import { afterAll, beforeAll, expect, it } from "vitest";
import { podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeLong } from "./with-wireguard-go.ts";

const MINUTES = 10;
const PER_SECOND = 200;
const COUNT = MINUTES * 60 * PER_SECOND;
/** Every session is replaced after two minutes of use. */
const LEAST_HANDSHAKES = 5;

describeLong("ten minutes between a node and wireguard-go", (command) => {
  let mesh: WireGuardMesh;
  beforeAll(async () => {
    mesh = await createWireGuardMesh({ command });
  });
  afterAll(() => mesh?.close());

  it(
    "renew the session several times, and every datagram arrives once, both ways",
    async () => {
      const { pod, foreign, node } = mesh;
      const toPod = await sequence(foreign.node, pod, pod.address(4));
      const fromPod = await sequence(pod, foreign.node, foreign.address(4));
      const handshakes = new Set<number>();
      while (toPod.sender.running || fromPod.sender.running) {
        handshakes.add((await foreign.peer(node)).lastHandshake);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      for (const { sender } of [toPod, fromPod]) expect(JSON.parse(sender.log())).toEqual({ sent: COUNT, failed: 0 });
      const whole = { different: COUNT, repeated: 0, greatest: COUNT - 1 };
      for (const { listener } of [toPod, fromPod])
        await waitFor("the last datagram", () => lastLine(listener).different === COUNT, { timeoutMs: 10_000 }).catch(
          () => {},
        );
      const drops = Object.entries(await mesh.drops()).filter(([, count]) => count > 0);
      console.log(
        `${COUNT} datagrams each way in ${MINUTES} minutes, ${handshakes.size} handshakes; to the pod ` +
          `${JSON.stringify(lastLine(toPod.listener))}, from it ${JSON.stringify(lastLine(fromPod.listener))}, ` +
          `drops ${JSON.stringify(drops)}`,
      );
      expect(handshakes.size).toBeGreaterThanOrEqual(LEAST_HANDSHAKES);
      expect(lastLine(toPod.listener)).toMatchObject(whole);
      expect(lastLine(fromPod.listener)).toMatchObject(whole);
      expect(Object.fromEntries(drops.filter(([reason]) => reason !== "no-route"))).toEqual({});
    },
    (MINUTES + 2) * 60_000,
  );
});

interface Arrived {
  readonly different: number;
  readonly repeated: number;
  readonly greatest: number;
}

interface Place {
  spawn(program: string, args: readonly string[]): Promise<Supervised>;
}

/** Starts a listener, and a sender to it. */
async function sequence(from: Place, to: Place, address: string) {
  const listener = await to.spawn(process.execPath, [podProgram("udp-sequence-listen.mjs"), "9990"]);
  await waitFor("the listener", () => listener.log().includes("listening"));
  const args = [podProgram("udp-sequence-send.mjs"), address, "9990", String(COUNT), String(PER_SECOND)];
  return { listener, sender: await from.spawn(process.execPath, args) };
}

function lastLine(listener: Supervised): Arrived {
  return JSON.parse(listener.log().trim().split("\n").at(-1)!);
}
