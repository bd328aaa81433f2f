import { afterAll, beforeAll, expect, it } from "vitest";
import { startStream } from "../lab/stream.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeLong } from "./with-wireguard-go.ts";

const MINUTES = 10;
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
      const toPod = await startStream(foreign, pod, { port: 9990, intervalMs: 5, family: 4 });
      const fromPod = await startStream(pod, foreign, { port: 9990, intervalMs: 5, family: 6 });
      const handshakes = new Set<number>();
      for (let second = 0; second < MINUTES * 60; second++) {
        handshakes.add((await foreign.peer(node)).lastHandshake);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      const results = [await toPod.stop(), await fromPod.stop()];
      const drops = Object.entries(await mesh.drops()).filter(([reason, count]) => count > 0 && reason !== "no-route");
      console.log(
        `${MINUTES} minutes, ${handshakes.size} handshakes: ${JSON.stringify(results)}, drops ${JSON.stringify(drops)}`,
      );
      expect(handshakes.size).toBeGreaterThanOrEqual(LEAST_HANDSHAKES);
      for (const { sent, ...result } of results) {
        expect(sent).toBeGreaterThan(MINUTES * 60 * 100);
        expect(result).toMatchObject({ lost: 0, gaps: [], repeated: 0 });
      }
      expect(drops).toEqual([]);
    },
    (MINUTES + 2) * 60_000,
  );
});
