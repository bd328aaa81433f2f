import type { StageCosts } from "@warren/common/api/types.ts";
import { expect, it } from "vitest";
import { benchMesh, type MeshEnds } from "./bench-mesh.ts";
import { loadsOf, misfit, segmentSize } from "./loads.ts";
import type { Measured } from "./measure-load.ts";

const STARTED = "2026-11-26T00:00:00.000Z";

/** Half a core, all of it in two stages. */
const costs = (packets: number): StageCosts => ({
  ...{ seconds: 2, egress: { packets, bytes: packets * 1000 }, ingress: { packets: 0, bytes: 0 } },
  workers: [
    {
      ...{ directions: ["egress", "ingress"], cpuNs: 1e9, ownNs: 0, rounds: 1, timedRounds: 1, accounted: 1 },
      stages: [
        {
          ...{ direction: "egress", stage: "seal", about: "", visits: 1, nsPerVisit: 1 },
          ...{ nsPerPacket: 300, share: 0.6 },
        },
        {
          ...{ direction: "ingress", stage: "open", about: "", visits: 0, nsPerVisit: 0 },
          ...{ nsPerPacket: null, share: 0 },
        },
      ],
    },
  ],
});

/** A gigabyte in two seconds. */
const measured: Measured = {
  received: { bytes: 1e9, datagrams: 1e6, seconds: 2 },
  sender: costs(2_000_000),
  receiver: costs(0),
  loss: null,
};

function ends(more: Partial<MeshEnds> = {}) {
  const calls: string[] = [];
  let cipher = "none";
  const describe = () =>
    Promise.resolve({ node: "a", version: "1", cipher, overlayMtu: cipher === "none" ? 1450 : 1440 });
  const mesh: MeshEnds = {
    host: "10.244.2.1",
    here: describe,
    there: describe,
    measure: (load) => {
      calls.push(`${cipher} ${load.load}`);
      return Promise.resolve(measured);
    },
    ciphers: {
      set: async (wanted, isThere) => {
        calls.push(`set ${wanted}`);
        cipher = wanted;
        expect(await isThere()).toBe(true);
      },
      restore: () => {
        calls.push("restore");
        return Promise.resolve();
      },
    },
    ...more,
  };
  return { mesh, calls };
}

const loads = loadsOf({ mtus: undefined, streams: [1], sizes: [64], quick: false });
const never = new AbortController().signal;

it("goes round ciphers and loads, and has lines in the order they were asked for", async () => {
  const { mesh, calls } = ends();
  const options = { ciphers: ["none", "aes-256-gcm"], loads, repeats: 3, seconds: 2 };
  const run = await benchMesh(options, mesh, () => {}, STARTED, never);
  expect(run.lines.map(({ key }) => key)).toEqual([
    { cipher: "none", load: "tcp", mtu: 1450, streams: 1 },
    { cipher: "none", load: "udp", size: 64 },
    { cipher: "aes-256-gcm", load: "tcp", mtu: 1440, streams: 1 },
    { cipher: "aes-256-gcm", load: "udp", size: 64 },
  ]);
  expect(calls.filter((call) => call.startsWith("set"))).toHaveLength(6);
  expect(calls.filter((call) => call === "aes-256-gcm udp")).toHaveLength(3);
  expect(calls.at(-1)).toBe("restore");
});

it("works out rates, CPU time for a gigabyte, and stages with a figure", async () => {
  const { mesh } = ends();
  const run = await benchMesh({ ciphers: null, loads, repeats: 2, seconds: 2 }, mesh, () => {}, STARTED, never);
  const figures = (line: number) =>
    Object.fromEntries(run.lines[line]!.figures.map(({ name, kind, median }) => [name, [kind, median]]));
  expect(figures(0)).toEqual({
    throughput: ["speed", 4],
    packets: ["shown", 1000],
    "sender-cpu": ["cost", 1],
    "receiver-cpu": ["cost", 1],
    "packet-size": ["shown", 1000],
  });
  expect(figures(1)).toMatchObject({ throughput: ["shown", 4], packets: ["speed", 500] });
  expect(run.lines[0]!.stages).toMatchObject([
    { side: "sender", stage: "seal", median: 300, samples: [300, 300], share: 0.6 },
    { side: "receiver", stage: "seal", median: 300 },
  ]);
});

it("has figures without a cost where the kernel forwards, and goes on after a load that failed", async () => {
  let calls = 0;
  const { mesh } = ends({
    measure: () => {
      if (calls++ % 2 === 0) return Promise.reject(new Error("lost"));
      return Promise.resolve({ ...measured, sender: null, receiver: null, loss: 0.25 });
    },
  });
  const run = await benchMesh({ ciphers: null, loads, repeats: 4, seconds: 1 }, mesh, () => {}, STARTED, never);
  expect(run.failures.length).toBeGreaterThan(0);
  for (const { figures, stages } of run.lines) {
    expect(figures.map(({ name }) => name)).toEqual(expect.arrayContaining(["throughput", "loss"]));
    expect(figures.map(({ name }) => name)).not.toContain("sender-cpu");
    expect(stages).toEqual([]);
  }
});

it("puts the cipher back when it is interrupted", async () => {
  const aborter = new AbortController();
  const { mesh, calls } = ends({
    measure: () => {
      aborter.abort(new Error("interrupted"));
      return Promise.resolve(measured);
    },
  });
  const options = { ciphers: ["none", "aes-256-gcm"], loads, repeats: 3, seconds: 2 };
  await expect(benchMesh(options, mesh, () => {}, STARTED, aborter.signal)).rejects.toThrow("interrupted");
  expect(calls.at(-1)).toBe("restore");
});

it("knows which packets fit, and which segments make packets of a size", () => {
  const [tcp] = loadsOf({ mtus: [1280], streams: [1], sizes: undefined, quick: false });
  expect(segmentSize(tcp!, "10.244.2.1", 1450)).toBe(1240);
  expect(segmentSize(tcp!, "fd00:77::1", 1450)).toBe(1220);
  expect(segmentSize(tcp!, "10.244.2.1", 1280)).toBeUndefined();
  expect(misfit(tcp!, "10.244.2.1", 1200)).toContain("1280 bytes");
  const udp = { load: "udp", size: 1422 } as const;
  expect(misfit(udp, "10.244.2.1", 1450)).toBeUndefined();
  expect(misfit(udp, "fd00:77::1", 1450)).toContain("1470 bytes");
});

it("takes only the protocol that was chosen, and both when none was", () => {
  const of = (choice: Partial<Parameters<typeof loadsOf>[0]>) =>
    loadsOf({ mtus: undefined, streams: undefined, sizes: undefined, quick: false, ...choice }).map(({ load }) => load);
  expect(of({})).toEqual(["tcp", "tcp", "udp", "udp", "udp"]);
  expect(of({ streams: [4] })).toEqual(["tcp"]);
  expect(of({ sizes: [64] })).toEqual(["udp"]);
  expect(of({ sizes: [64], mtus: [1280] })).toEqual(["tcp", "tcp", "udp"]);
});
