import type { MeshLink, MeshNode, MeshView } from "@warren/common/api/mesh-view.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh, type MeshOptions } from "../lab/mesh.ts";
import { runIn, tryRunIn } from "../lab/netns.ts";
import { startTransfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const PAGE_PORT = 7481;
const PAGE = ["--page", `0.0.0.0:${PAGE_PORT}`];

function describeLive(name: string, options: Omit<MeshOptions, "name">, body: (mesh: () => Mesh) => void): void {
  describe(name, () => {
    let mesh: Mesh;
    beforeAll(async () => {
      mesh = await createMesh({ name: uniqueLabName("wl"), ...options });
    });
    afterAll(() => mesh?.lab.close());
    body(() => mesh);
  });
}

const look = (mesh: Mesh): Promise<MeshView> => mesh.lab.controlPlane.get<MeshView>("/v1/mesh");

/** Looks until a view is as expected; to look is what keeps nodes reporting. */
const until = (what: string, mesh: Mesh, isSo: (view: MeshView) => boolean, timeoutMs = 30_000): Promise<MeshView> =>
  waitFor(
    what,
    async () => {
      const view = await look(mesh);
      return isSo(view) ? view : null;
    },
    { timeoutMs, everyMs: 250 },
  );

const node = (mesh: Mesh, view: MeshView, host: number): MeshNode =>
  view.nodes.find(({ name }) => name === mesh.lab.host(host).netns)!;
const link = (mesh: Mesh, view: MeshView, from: number, to: number): MeshLink | undefined =>
  node(mesh, view, from).report?.peers.find(({ peer }) => peer === mesh.lab.host(to).netns);

/** Every pair of nodes, both ways. */
const pairs = (mesh: Mesh): [number, number][] =>
  mesh.lab.hosts.flatMap((_, a) =>
    mesh.lab.hosts.flatMap((__, b) => (a === b ? [] : [[a + 1, b + 1] as [number, number]])),
  );

const everyPairAnswers = (mesh: Mesh) =>
  until("a round trip of every pair", mesh, (view) => pairs(mesh).every(([a, b]) => link(mesh, view, a, b)?.rttMs));

/** Shortest, mean and longest of many, in milliseconds, as `ping` measures them. */
async function ping(mesh: Mesh, from: number, address: string): Promise<{ min: number; avg: number; max: number }> {
  const { stdout } = await runIn(mesh.lab.host(from).netns, "ping", ["-c", "12", "-i", "0.5", "-q", address]);
  const [, min, avg, max] = /= ([\d.]+)\/([\d.]+)\/([\d.]+)\//.exec(stdout)!;
  return { min: Number(min), avg: Number(avg), max: Number(max) };
}

/** What `ping` measures between two nodes while the page does. */
async function compareWithPing(mesh: Mesh, from: number, to: number): Promise<void> {
  const view = await everyPairAnswers(mesh);
  const address = node(mesh, view, to).podCidrs[0]!.replace(/0\/24$|:\/64$/, (end) => (end === "0/24" ? "1" : ":1"));
  const shown: number[] = [];
  const collect = async () => {
    for (let i = 0; i < 12; i++) {
      const rtt = link(mesh, await look(mesh), from, to)?.rttMs;
      if (rtt) shown.push(rtt);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  const [byPing] = await Promise.all([ping(mesh, from, address), collect()]);
  const [least, median] = [Math.min(...shown), shown.sort((a, b) => a - b)[shown.length >> 1]!];
  process.stderr.write(
    `round trip ${address}: ping ${byPing.min}/${byPing.avg}/${byPing.max} ms, page ${least}/${median}/${Math.max(...shown)} ms\n`,
  );
  // The same road, on a machine where everything waits for everything: neither can be much shorter than the other.
  expect(least).toBeGreaterThan(byPing.min / 3);
  expect(least).toBeLessThan(byPing.max * 3);
}

describeAsRoot("the live view", () => {
  describeLive(
    "of a mesh with IPv4 and IPv6, one of whose nodes forwards by the kernel",
    { nodes: 3, control: { flags: [...DUAL_STACK, ...PAGE] }, agents: { 3: { flags: ["--dataplane", "kernel"] } } },
    (mesh) => {
      it("is there for others on the page's address, and none of what administrators have", async () => {
        const { netns } = mesh().lab.host(2);
        const fetched = async (path: string) => {
          const url = `http://${mesh().lab.control.underlay}:${PAGE_PORT}${path}`;
          const program = "const r = await fetch(process.argv[1]); console.log(r.status, await r.text())";
          const { stdout } = await runIn(netns, process.execPath, ["--input-type=module", "-e", program, url]);
          return { status: Number(stdout.slice(0, 3)), body: stdout.slice(4) };
        };
        const { status, body } = await fetched("/v1/mesh");
        expect(status).toBe(200);
        expect((JSON.parse(body) as MeshView).nodes).toHaveLength(3);
        for (const path of ["/v1/tokens", "/v1/nodes", "/metrics"]) expect((await fetched(path)).status).toBe(404);
        const ready = mesh().lab.controlPlane.log();
        expect(ready).toMatch(new RegExp(`control plane is ready.*0\\.0\\.0\\.0:${PAGE_PORT}`));
      });

      it("has what every node knows of itself: pods, packet path, netmap, and each peer", async () => {
        const view = await everyPairAnswers(mesh());
        for (const host of [1, 2, 3]) {
          const { report, podCidrs } = node(mesh(), view, host);
          expect(report).toMatchObject({ appliedRevision: view.revision, warnings: [], podCount: 1, overlayMtu: 1450 });
          expect(report!.dataplane).toBe(host === 3 ? "kernel" : "tun");
          expect(report!.pods).toEqual([
            { namespace: "default", name: "pod-1", addresses: [...mesh().pod(host).addresses] },
          ]);
          expect(podCidrs).toHaveLength(2);
        }
        // The kernel does not count by peer.
        expect(link(mesh(), view, 3, 1)).toMatchObject({ txBitsPerSecond: null, path: "encapsulated", session: null });
      });

      it("shows rates that are about those of the traffic", async () => {
        const mibPerSecond = 4;
        const transfer = await startTransfer(mesh().pod(1), mesh().pod(2), 5_001, mibPerSecond);
        const sentBits = mibPerSecond * 2 ** 20 * 8;
        const isAbout = (rate: number | null | undefined): boolean =>
          rate != null && rate > sentBits * 0.7 && rate < sentBits * 1.4;
        try {
          const view = await until("rates like the transfer's", mesh(), (seen) =>
            [link(mesh(), seen, 1, 2)?.txBitsPerSecond, link(mesh(), seen, 2, 1)?.rxBitsPerSecond].every(isAbout),
          );
          expect(isAbout(node(mesh(), view, 1).report!.txBitsPerSecond)).toBe(true);
          expect(link(mesh(), view, 1, 3)!.txBitsPerSecond).toBeLessThan(sentBits / 100);
        } finally {
          const { sent, arrived } = await transfer.stop();
          expect(arrived).toEqual(sent);
        }
        await until("rates of an idle mesh", mesh(), (seen) => {
          const rate = link(mesh(), seen, 1, 2)?.txBitsPerSecond;
          return rate != null && rate < 10_000;
        });
      });

      it.each([
        [1, 2],
        [1, 3],
        [3, 1],
      ])("shows round trips from host %i to host %i as ping measures them", (from, to) =>
        compareWithPing(mesh(), from, to),
      );

      it("shows a node whose agent was killed as down, with a report that grows old, and then anew", async () => {
        await mesh().lab.agent(2).kill();
        const view = await until("host 2 to be down", mesh(), (seen) => node(mesh(), seen, 2).state === "down");
        expect(node(mesh(), view, 2).report!.ageMs).toBeGreaterThan(8_000);
        expect(link(mesh(), view, 1, 2)!.rttMs).toBeNull();
        expect(link(mesh(), view, 1, 3)!.rttMs).not.toBeNull();
        await mesh().lab.agent(2).start();
        await until("host 2 to report again", mesh(), (seen) => node(mesh(), seen, 2).report!.ageMs < 2_000);
        await everyPairAnswers(mesh());
      });
    },
  );

  describeLive(
    "of a sealed mesh with IPv6 alone",
    { nodes: 2, control: { flags: ["--pod-cidr", "fd00:77::/48", "--cipher", "aes-256-gcm"] } },
    (mesh) => {
      it("has round trips and sessions", async () => {
        const view = await everyPairAnswers(mesh());
        for (const [a, b] of pairs(mesh()))
          expect(link(mesh(), view, a, b)).toMatchObject({ cipher: "aes-256-gcm", session: "up" });
        await compareWithPing(mesh(), 1, 2);
      });

      it("is not there on an address for others unless asked for", async () => {
        const { netns, underlay } = mesh().lab.control;
        const listening = await tryRunIn(netns, "ss", ["-ltnH"]);
        const addresses = listening.stdout.split("\n").flatMap((line) => line.split(/\s+/)[3] ?? []);
        expect(addresses.some((address) => address.endsWith(":7480"))).toBe(true);
        const others = addresses.filter((address) => !/^(127\.|\[::1\])/.test(address));
        expect(others).toEqual([`${underlay}:7443`]);
      });
    },
  );
}, ["ping", "ss"]);
