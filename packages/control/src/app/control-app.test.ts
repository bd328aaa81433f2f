import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import type { ControlIpam, ControlStatus, NodeInfo, TokenInfo } from "@warren/common/api/types.ts";
import type { NetmapUpdate } from "@warren/common/rpc/messages.ts";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createControl } from "./control-app.ts";
import { ControlHarness, registerRequest } from "./testing/control-harness.ts";

const coded = (code: string) => expect.objectContaining({ code });

let control: ControlHarness;

beforeEach(async () => {
  control = await ControlHarness.make();
});

afterEach(() => control.dispose());

describe("control plane", () => {
  it("names the data directory that cannot be made, as a wrong setting and not as a defect", async () => {
    const start = control.start({ "data-dir": `${import.meta.filename}/data` });
    await expect(start).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("control-app.test.ts/data cannot be made"),
    });
  });

  it("lets nodes join with a token, gives each a pod CIDR, and tells each of the others", async () => {
    await control.start();
    const a = await control.join("a", "192.0.2.1");
    const b = await control.join("b", "192.0.2.2");
    const first = await a.mesh.register(registerRequest(a));
    expect(first.self).toMatchObject({ name: "a", pod_cidrs: ["10.244.0.0/24"], epoch: 1, state: "NODE_STATE_READY" });
    expect(first.self.vtep_mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(first.cluster).toMatchObject({ pod_cidrs: ["10.244.0.0/16"], vni: 4096, port: 4789, cipher: "none" });
    expect(first.heartbeat_interval_ms).toBe(5000);

    const stop = new AbortController();
    const updates = a.mesh.watchNetmap({ after_revision: 0, generation: "" }, stop.signal)[Symbol.asyncIterator]();
    const snapshot = (await updates.next()).value as NetmapUpdate;
    expect(snapshot.snapshot?.nodes).toEqual([first.self]);
    const second = await b.mesh.register(registerRequest(b));
    const update = (await updates.next()).value as NetmapUpdate;
    expect(update.delta).toEqual({ cluster: null, changed: [second.self], removed_ids: [] });

    const beat = await a.mesh.heartbeat({ epoch: 1, applied_revision: update.revision, pods: 0 });
    expect(beat.revision).toBe(update.revision);
    expect(Math.abs(beat.control_time_ms - Date.now())).toBeLessThan(60_000);
    stop.abort();
    expect(await updates.next()).toMatchObject({ done: true });

    expect(await control.call<ControlStatus>("GET", "/v1/status")).toMatchObject({
      role: "control",
      nodes: { ready: 2, down: 0, foreign: 0 },
      listen: control.app.address,
    });
    const nodes = await control.call<NodeInfo[]>("GET", "/v1/nodes");
    expect(nodes.map((node) => [node.name, node.state, ...node.podCidrs])).toEqual([
      ["a", "ready", "10.244.0.0/24"],
      ["b", "ready", "10.244.1.0/24"],
    ]);
    expect(await control.call<TokenInfo[]>("GET", "/v1/tokens")).toMatchObject([{ state: "used" }, { state: "used" }]);
  });

  it("gives the same nodes the same CIDRs after a restart", async () => {
    await control.start({ "pod-cidr": ["10.244.0.0/16", "fd00:77::/48"] });
    const nodes = await Promise.all([1, 2, 3].map((n) => control.join(`n${n}`, `192.0.2.${n}`)));
    const before = await Promise.all(nodes.map((node) => node.mesh.register(registerRequest(node))));
    await control.restart({ "pod-cidr": ["fd00:77::/48", "10.244.0.0/16"] });
    for (const [i, node] of nodes.entries()) {
      const mesh = control.connect(node.enrollment, node.keyPem);
      expect((await mesh.register(registerRequest(node))).self).toEqual(before[i]!.self);
    }
  });

  it("makes a cluster with the encapsulation asked for; later starts keep what was set since, and say so", async () => {
    const warnings: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
    const mode = async () => (await control.call<ControlStatus>("GET", "/v1/status")).cluster.encapsulation;
    await control.start({ encapsulation: "never" }, { logger });
    expect(await mode()).toBe("never");
    await control.call("POST", "/v1/cluster", { encapsulation: "cross-subnet" });
    await control.restart();
    expect([await mode(), warnings]).toEqual(["cross-subnet", []]);
    await control.stop();
    await control.start({ encapsulation: "never" }, { logger });
    expect(await mode()).toBe("cross-subnet");
    expect(warnings).toEqual([expect.stringContaining("warren cluster set encapsulation=never")]);
  });

  it("makes a cluster with the cipher asked for; later starts keep it, and say so; ports cannot be one", async () => {
    const warnings: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
    await expect(control.start({ "sealed-port": 4789 })).rejects.toThrow(coded("setting-conflict"));
    await expect(control.start({ cipher: "aes-256-gcm", encapsulation: "never" })).rejects.toThrow(
      coded("setting-conflict"),
    );
    expect(await readdir(control.dir)).toEqual([]);
    await control.start({ cipher: "aes-256-gcm", "sealed-port": 51900 });
    const { cluster } = await control.call<ControlStatus>("GET", "/v1/status");
    expect(cluster).toMatchObject({ cipher: "aes-256-gcm", sealedPort: 51900 });
    await control.stop();
    await control.start({ cipher: "none", "sealed-port": 51900 }, { logger });
    expect(await control.call("GET", "/v1/cluster")).toEqual(cluster);
    expect(warnings).toEqual([expect.stringContaining("warren cluster set cipher=none")]);
    const a = await control.join("a", "192.0.2.1");
    await expect(a.mesh.register(registerRequest(a))).rejects.toMatchObject({
      code: "version-mismatch",
      message: expect.stringContaining("this agent cannot seal"),
    });
  });

  it("ends watches with unavailable when it stops, and leaves nothing behind but its data", async () => {
    await control.start();
    const node = await control.join("a", "192.0.2.1");
    await node.mesh.register(registerRequest(node));
    const updates = node.mesh
      .watchNetmap({ after_revision: 0, generation: "" }, new AbortController().signal)
      [Symbol.asyncIterator]();
    await updates.next();
    const ended = expect(updates.next()).rejects.toThrow(coded("unavailable"));
    await control.stop();
    await ended;
    expect(await readdir(join(control.dir, "run"))).toEqual([]);
    expect((await readdir(control.dataDir)).sort()).toEqual(["ca.json", "state.db"]);
    // Sockets and servers of ours keep the process up; timers of ours never do.
    const open = process
      .getActiveResourcesInfo()
      .filter((kind) => kind === "TCPServerWrap" || kind === "PipeServerWrap");
    expect(open).toEqual([]);
  });

  it("stops twice, and without a start", async () => {
    await createControl(control.config()).stop();
    await control.start();
    const app = control.app;
    await app.stop();
    await app.stop();
  });

  it("keeps keys and state to its own user, and no secret in clear in the store", async () => {
    await control.start();
    const { token } = await control.token();
    const secret = token.split(".")[3]!;
    await control.join("a", "192.0.2.1", token);
    await control.stop();
    const store = await readFile(join(control.dataDir, "state.db"), "latin1");
    expect(store).toContain("node-name/a");
    expect(store).not.toContain(secret);
    expect(store).not.toContain("PRIVATE KEY");
    expect((await stat(join(control.dataDir, "ca.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(control.dataDir)).mode & 0o777).toBe(0o700);
  });
});

describe("a start that cannot be", () => {
  it("is refused while another one uses the data directory", async () => {
    await control.start();
    const second = createControl(control.config({ "run-dir": join(control.dir, "run2") }));
    await expect(second.start()).rejects.toThrow(coded("already-running"));
  });

  it("is refused while another one uses the run directory", async () => {
    await control.start();
    const second = createControl(control.config({ "data-dir": join(control.dir, "data2") }));
    await expect(second.start()).rejects.toThrow(coded("already-running"));
    expect(await control.call("GET", "/v1/nodes")).toEqual([]);
  });

  it("names the port that is in use, and undoes what it had begun", async () => {
    const first = await control.start();
    const other = await ControlHarness.make();
    try {
      await expect(other.start({ listen: first.address })).rejects.toThrow(coded("port-in-use"));
      await expect(other.start({ listen: first.address })).rejects.toThrow("ss -ltnp");
      expect(await readdir(join(other.dir, "run"))).toEqual([]);
      await other.start();
    } finally {
      await other.dispose();
    }
  });

  it.each([
    [{ "pod-cidr": ["10.245.0.0/16"] }, "pod-cidr 10.244.0.0/16, now asked: 10.245.0.0/16"],
    [{ "pod-cidr": ["10.244.0.0/16", "fd00::/48"] }, "now asked: 10.244.0.0/16, fd00::/48"],
    [{ "node-prefix": 25 }, "node-prefix 24, now asked: 25"],
    [{ vni: 7 }, "vni 4096, now asked: 7"],
    [{ port: 8472 }, "port 4789, now asked: 8472"],
  ])("says what the cluster was made with when asked for %j", async (change, said) => {
    await control.start();
    await control.stop();
    await expect(control.start(change)).rejects.toThrow(coded("pool-changed"));
    await expect(control.start(change)).rejects.toThrow(said);
  });

  it("refuses pools before it writes anything", async () => {
    await expect(control.start({ "pod-cidr": ["10.0.0.0/8", "10.1.0.0/16"] })).rejects.toThrow(coded("pool-overlap"));
    await expect(control.start({ "pod-cidr": ["10.0.0.0/28"] })).rejects.toThrow(coded("pool-too-small"));
    await expect(stat(control.dataDir)).rejects.toThrow("ENOENT");
  });

  describe("on damaged state", () => {
    beforeEach(async () => {
      await control.start();
      await control.stop();
    });

    const damaged = async (code = "state-corrupt") => {
      await expect(control.start()).rejects.toThrow(coded(code));
    };

    it("refuses a store that went missing", async () => {
      await rm(join(control.dataDir, "state.db"));
      await damaged();
      expect(await readdir(control.dataDir)).toEqual(["ca.json"]);
    });

    it("refuses a CA that went missing", async () => {
      await rm(join(control.dataDir, "ca.json"));
      await damaged();
      expect(await readdir(control.dataDir)).toEqual(["state.db"]);
    });

    it("refuses a damaged CA", async () => {
      await writeFile(join(control.dataDir, "ca.json"), "{}", { mode: 0o600 });
      await damaged();
    });

    it("refuses a CA of another cluster", async () => {
      const other = await ControlHarness.make();
      await other.start();
      await other.stop();
      await writeFile(join(control.dataDir, "ca.json"), await readFile(join(other.dataDir, "ca.json")));
      await other.dispose();
      await damaged();
    });

    it("refuses a CA key that others can read", async () => {
      await chmod(join(control.dataDir, "ca.json"), 0o640);
      await damaged("key-exposed");
      await chmod(join(control.dataDir, "ca.json"), 0o600);
      await control.start();
    });
  });
});

describe("health and metrics", () => {
  it("answers on loopback, read-only", async () => {
    const app = await control.start();
    const node = await control.join("a", "192.0.2.1");
    await node.mesh.register(registerRequest(node));
    const get = (path: string, method = "GET") => http(app.http, path, method);
    expect(await get("/healthz")).toEqual({ status: 200, body: "ok\n" });
    expect(await get("/readyz")).toEqual({ status: 200, body: "ok\n" });
    const { body } = await get("/metrics");
    await expect.poll(async () => (await get("/metrics")).body).toContain('warren_control_nodes{state="ready"} 1');
    expect(body).toContain('warren_control_rpc_total{method="Enroll",code="ok"} 1');
    expect(body).toContain('warren_control_pool_cidrs{pool="10.244.0.0/16",use="leased"} 1');
    for (const [method, path] of [
      ["GET", "/v1/nodes"],
      ["GET", "/v1/tokens"],
      ["POST", "/v1/tokens"],
      ["DELETE", "/v1/nodes/a"],
    ]) {
      expect((await get(path!, method)).status).toBe(404);
    }
  });

  it("answers addresses and peers of others over the socket", async () => {
    await control.start();
    const ipam = await control.call<ControlIpam>("GET", "/v1/ipam");
    expect(ipam.pools).toEqual([{ cidr: "10.244.0.0/16", nodePrefix: 24, capacity: 256, leased: 0, reserved: 0 }]);
  });
});

function http(address: string, path: string, method: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(`http://${address}${path}`, { method, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    });
    call.on("error", reject);
    call.end();
  });
}
