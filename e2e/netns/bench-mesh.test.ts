import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { WARREN } from "../lab/warren-process.ts";
import { describeAsRoot } from "./as-root.ts";

interface Figure {
  readonly name: string;
  readonly median: number;
  readonly samples: readonly number[];
}

interface Run {
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly lines: readonly {
    readonly key: Readonly<Record<string, string | number>>;
    readonly figures: readonly Figure[];
    readonly stages: readonly {
      readonly side: string;
      readonly direction: string | null;
      readonly stage: string;
      readonly median: number;
    }[];
  }[];
  readonly failures: readonly { readonly reason: string }[];
  readonly comparison?: {
    readonly changes: readonly { readonly verdict: string }[];
    readonly notes: readonly string[];
  };
}

const MTU = 800;

describeAsRoot("warren bench mesh", () => {
  let mesh: Mesh;
  const kept = join(tmpdir(), `warren-bench-mesh-${process.pid}.json`);
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wb"), nodes: 2, pods: 0 });
  });
  afterAll(async () => {
    rmSync(kept, { force: true });
    await mesh?.lab.close();
  });

  async function serve(...flags: string[]): Promise<Supervised> {
    const args = ["bench", "mesh", "serve", ...flags, "--run-dir", mesh.lab.agent(2).runDir];
    const server = await mesh.lab.host(2).spawn(WARREN, args);
    await waitFor("the other end to listen", () => server.log().includes("listening on"));
    return server;
  }

  const bench = (...flags: string[]) =>
    mesh.lab.tryWarren(1, "bench", "mesh", mesh.lab.host(2).netns, "--seconds", "1", ...flags);

  it("measures TCP and UDP between two nodes and splits the cost by stage, at both ends", async () => {
    const server = await serve("--once");
    const loads = ["--streams", "1", "--mtu", String(MTU), "--mtu", "1450", "--size", "64"];
    const { code, stdout, stderr } = await bench("--repeats", "2", ...loads);
    expect([code, stderr]).toEqual([0, ""]);
    const run = JSON.parse(stdout) as Run;
    writeFileSync(kept, stdout);
    expect(run).toMatchObject({ kind: "mesh", failures: [], settings: { repeats: 2, seconds: 1 } });
    expect(run.lines.map(({ key }) => key)).toEqual([
      { cipher: "none", load: "tcp", mtu: MTU, streams: 1 },
      { cipher: "none", load: "tcp", mtu: 1450, streams: 1 },
      { cipher: "none", load: "udp", size: 64 },
    ]);
    const figureOf = (line: number, name: string) => run.lines[line]!.figures.find((each) => each.name === name)!;
    for (const line of [0, 1, 2]) {
      expect(figureOf(line, "throughput").samples).toHaveLength(2);
      for (const name of ["throughput", "packets", "sender-cpu", "receiver-cpu"])
        expect(figureOf(line, name).median, name).toBeGreaterThan(0);
      const stages = run.lines[line]!.stages;
      const passed = (side: string, direction: string) =>
        stages.filter((each) => each.side === side && each.direction === direction).map(({ stage }) => stage);
      expect(passed("sender", "egress")).toEqual(expect.arrayContaining(["read", "lookup", "encapsulate", "send"]));
      expect(passed("receiver", "ingress")).toEqual(expect.arrayContaining(["receive", "decapsulate", "write"]));
      expect(stages.every(({ median }) => median >= 0)).toBe(true);
    }
    // The packets on the way were of the size that was asked for, whatever else went beside them.
    expect(figureOf(0, "packet-size").median).toBeGreaterThan(MTU * 0.9);
    expect(figureOf(0, "packet-size").median).toBeLessThanOrEqual(MTU);
    expect(figureOf(1, "packet-size").median).toBeGreaterThan(1450 * 0.9);
    expect(figureOf(2, "packet-size").median).toBeCloseTo(92, -1);
    expect(figureOf(2, "loss").median).toBeGreaterThanOrEqual(0);
    expect(figureOf(2, "loss").median).toBeLessThan(100);
    expect((await server.exited).code).toBe(0);
  });

  it("compares with an earlier run, and says what no longer fits and what two repeats cannot tell", async () => {
    const server = await serve("--once");
    const { code, stdout } = await bench("--repeats", "2", "--size", "64,1460", "--against", kept);
    await server.exited;
    expect(code).toBe(0);
    const { comparison, failures } = JSON.parse(stdout) as Run;
    expect(comparison!.changes.length).toBeGreaterThan(0);
    expect(new Set(comparison!.changes.map(({ verdict }) => verdict))).toEqual(new Set(["no real difference"]));
    expect(comparison!.notes.join("\n")).toMatch(/only in the earlier run: .*tcp[\s\S]*too few repeats/);
    expect(failures).toMatchObject([{ reason: expect.stringContaining("more than the overlay MTU, 1450") }]);
  });

  it("changes the cipher between measurements, splits out sealing and opening, and puts the cipher back", async () => {
    const server = await serve("--once");
    const socket = join(mesh.lab.controlPlane.runDir, "control.sock");
    const ciphers = ["--cipher", "none,aes-256-gcm", "--control-socket", socket];
    const { code, stdout, stderr } = await bench("--repeats", "1", "--streams", "1", ...ciphers);
    expect([code, stderr]).toEqual([0, ""]);
    await server.exited;
    const { lines, failures } = JSON.parse(stdout) as Run;
    expect(failures).toEqual([]);
    expect(lines.map(({ key }) => key["cipher"])).toEqual(["none", "aes-256-gcm"]);
    const sealing = lines.map(({ stages }) =>
      stages
        .filter(({ stage, median }) => /^(seal|open)$/.test(stage) && median > 0)
        .map(({ side, stage }) => `${side} ${stage}`),
    );
    expect(sealing[0]).toEqual([]);
    expect(sealing[1]).toEqual(expect.arrayContaining(["sender seal", "receiver open"]));
    expect((await mesh.lab.warren<{ cipher: string }>("control", "cluster", "get")).cipher).toBe("none");
  });

  it("puts the cipher back when it is interrupted", async () => {
    const server = await serve("--once");
    const socket = join(mesh.lab.controlPlane.runDir, "control.sock");
    const cipher = async () => (await mesh.lab.warren<{ cipher: string }>("control", "cluster", "get")).cipher;
    const running = await mesh.lab
      .host(1)
      .spawn(WARREN, [
        ...["bench", "mesh", mesh.lab.host(2).netns, "--run-dir", mesh.lab.agent(1).runDir],
        ...["--cipher", "aes-256-gcm", "--control-socket", socket],
      ]);
    await waitFor("the cipher to be another", async () => (await cipher()) === "aes-256-gcm");
    running.signal("SIGINT");
    expect((await running.exited).code).toBe(130);
    expect(running.log()).toContain("interrupted");
    expect(await cipher()).toBe("none");
    await server.exited;
  });

  it("says what to do where nobody serves, where no such node is, and where the cipher cannot be changed", async () => {
    expect(await bench()).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("start `warren bench mesh serve`"),
    });
    expect(await mesh.lab.tryWarren(1, "bench", "mesh", "nobody")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`there are ${mesh.lab.host(2).netns}`),
    });
    const server = await serve("--once");
    const refused = await bench("--cipher", "aes-256-gcm", "--size", "64");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--control-socket") });
    await server.exited;
  });
});
