import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalServer } from "@warren/common/api/local-server.ts";
import type { Route } from "@warren/common/api/route.ts";
import type {
  AgentStatus,
  KeysInfo,
  NodeInfo,
  PeerInfo,
  PodInfo,
  StageCosts,
  TokenCreated,
  WireguardPeerConfig,
} from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Outcome, runWarren } from "../testing/run-warren.ts";

const POD: PodInfo = {
  name: "web",
  namespace: "default",
  labels: { app: "shop" },
  addresses: ["10.244.1.2", "fd00:77:0:1::2"],
  netns: "/run/netns/wrn-a-default-web",
  hostInterface: "wrn0123456789a",
  created: new Date(Date.now() - 90_000).toISOString(),
  process: { pid: 4711, command: ["sleep", "100"], running: false, exit: 3, log: "/var/lib/warren/web.log" },
};

const NODE: NodeInfo = {
  id: "0190f7a0",
  name: "a",
  underlayAddress: "192.0.2.11",
  port: 4789,
  vtepMac: "02:00:00:00:00:01",
  podCidrs: ["10.244.1.0/24"],
  epoch: 3,
  state: "ready",
  foreign: false,
  kind: "node",
  sealing: null,
  lastSeen: null,
};

let dir: string;
let stops: (() => Promise<void>)[];
let asked: { method: string; path: string; body: unknown }[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-cli-"));
  stops = [];
  asked = [];
});
afterEach(async () => {
  for (const stop of stops) await stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A local API that answers one path and remembers what it was asked. */
async function serve(side: "agent" | "control", answers: Record<string, unknown>): Promise<void> {
  const routes = Object.entries(answers).map(([key, answer]): Route => {
    const [method, path] = key.split(" ") as [Route["method"], string];
    return {
      method,
      path,
      handle: ({ body, params }) => {
        const named = path.replace(/:(\w+)/g, (_, name: string) => params[name]!);
        asked.push({ method, path: named, body });
        if (answer instanceof WarrenError) throw answer;
        return answer;
      },
    };
  });
  const server = createLocalServer({ socketPath: join(dir, `${side}.sock`), routes });
  await server.start();
  stops.push(() => server.stop());
}

function warren(...argv: string[]): Promise<Outcome> {
  return runWarren(argv, { WARREN_RUN_DIR: dir });
}

test("pod add sends the whole request and prints the pod as JSON", async () => {
  await serve("agent", { "POST /v1/pods": POD });
  const { code, stdout } = await warren(
    ...["pod", "add", "web", "-n", "shop", "--label", "app=shop", "--label", "tier=front", "-o", "json"],
    ...["--", "sh", "-c", "echo --help; sleep 1", "--", "-o"],
  );
  expect(code).toBe(0);
  expect(asked).toEqual([
    {
      method: "POST",
      path: "/v1/pods",
      body: {
        name: "web",
        namespace: "shop",
        labels: { app: "shop", tier: "front" },
        command: ["sh", "-c", "echo --help; sleep 1", "--", "-o"],
      },
    },
  ]);
  expect(JSON.parse(stdout)).toEqual(POD);
});

test("pod list is a table without borders; wide has more columns; a namespace filters", async () => {
  await serve("agent", { "GET /v1/pods": [POD, { ...POD, name: "db", namespace: "shop", process: null }] });
  const { stdout } = await warren("pod", "list");
  expect(stdout.split("\n").map((line) => line.split(/ {3,}/))).toEqual([
    ["NAME", "NAMESPACE", "ADDRESSES", "STATE", "AGE"],
    ["web", "default", "10.244.1.2,fd00:77:0:1::2", "exited(3)", "90s"],
    ["db", "shop", "10.244.1.2,fd00:77:0:1::2", "idle", "90s"],
    [""],
  ]);
  expect((await warren("pod", "list", "-o", "wide")).stdout).toContain("/run/netns/wrn-a-default-web");
  const filtered = await warren("pod", "list", "--namespace", "shop", "-o", "yaml");
  expect(filtered.stdout).toMatch(/^- name: db\n/);
  expect(filtered.stdout).not.toContain("name: web");
});

test("pod del names the namespace in the path", async () => {
  await serve("agent", { "DELETE /v1/pods/:namespace/:name": POD });
  const { stdout } = await warren("pod", "del", "web");
  expect(asked[0]?.path).toBe("/v1/pods/default/web");
  expect(stdout).toBe("pod default/web removed, 10.244.1.2, fd00:77:0:1::2 free\n");
});

test("pod exec of a pod that is not there says where one of that name is", async () => {
  await serve("agent", { "GET /v1/pods": [{ ...POD, namespace: "shop" }] });
  const { code, stderr } = await warren("pod", "exec", "web", "--", "true");
  if (process.getuid?.() === 0) {
    expect(stderr).toContain("no pod default/web on this node; did you mean --namespace shop?");
  } else {
    expect(stderr).toContain("needs root");
  }
  expect(code).toBe(1);
});

test("token create prints the bare token, so that a shell can take it; JSON has all of it", async () => {
  const token: TokenCreated = {
    id: "4f3a",
    created: "2026-11-21T08:00:00.000Z",
    expires: "2026-11-22T08:00:00.000Z",
    uses: 20,
    used: 0,
    state: "valid",
    token: "wrn1.abc.4f3a.secret",
  };
  await serve("control", { "POST /v1/tokens": token });
  const { stdout, stderr } = await warren("token", "create", "--ttl", "24h", "--uses", "20");
  expect([stdout, stderr]).toEqual(["wrn1.abc.4f3a.secret\n", ""]);
  expect(asked[0]?.body).toEqual({ ttlMs: 86_400_000, uses: 20 });
  expect(JSON.parse((await warren("token", "create", "-o", "json")).stdout)).toEqual(token);
  const file = join(dir, "token");
  expect((await warren("token", "create", "--file", file)).stdout).toBe("");
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual([`${token.token}\n`, 0o640]);
  expect(await warren("token", "create", "--file", "/nonexistent/token")).toMatchObject({ code: 2 });
});

test("token revoke takes the id, or the token it belongs to", async () => {
  const info = { id: "4f3a", created: NODE.id, expires: NODE.id, uses: 1, used: 0, state: "revoked" };
  await serve("control", { "DELETE /v1/tokens/:id": info });
  await warren("token", "revoke", "4f3a");
  await warren("token", "revoke", "wrn1.abc.4f3a.secret");
  expect(asked.map((each) => each.path)).toEqual(["/v1/tokens/4f3a", "/v1/tokens/4f3a"]);
});

test("errors of the API keep their code, and their exit code", async () => {
  const used = new WarrenError("pod-exists", "pod default/web exists; choose another name");
  await serve("agent", { "POST /v1/pods": used, "GET /v1/nodes": new WarrenError("not-ready", "starting") });
  expect(await warren("pod", "add", "web")).toEqual({
    code: 6,
    stdout: "",
    stderr: "warren: pod default/web exists; choose another name [pod-exists]\n",
  });
  expect((await warren("nodes")).code).toBe(3);
});

test("what both sides know is asked of the one that runs, and --from chooses", async () => {
  await serve("agent", { "GET /v1/nodes": [NODE] });
  expect((await warren("nodes")).stdout).toMatch(/^NAME {3}STATE {3}POD-CIDRS {7}UNDERLAY\na {6}ready/);
  await serve("control", { "GET /v1/nodes": [{ ...NODE, lastSeen: new Date().toISOString() }] });
  expect((await warren("nodes")).stdout).toContain("LAST-SEEN");
  expect((await warren("nodes", "--from", "agent")).stdout).not.toContain("LAST-SEEN");
});

test("a command for the control plane says so when only an agent runs here", async () => {
  await serve("agent", {});
  const { code, stderr } = await warren("token", "list");
  expect(stderr).toContain("no control plane answers at");
  expect(stderr).toContain("the run directory is an agent's");
  expect(code).toBe(4);
});

test("peer add and ipam reserve send what the flags say", async () => {
  await serve("control", {
    "POST /v1/peers": { ...NODE, name: "rack1", foreign: true },
    "POST /v1/reservations": { cidr: "10.244.250.0/24", note: "lb" },
    "DELETE /v1/reservations/:cidr": {},
  });
  const cidrs = ["--pod-cidr", "10.244.200.0/24", "--pod-cidr", "fd00:77:0:c8::/64"];
  await warren("peer", "add", "rack1", "--underlay", "192.0.2.50", "--vtep-mac", "0e:00:00:00:00:50", ...cidrs);
  await warren("ipam", "reserve", "10.244.250.0/24", "--note", "lb");
  const unreserve = await warren("ipam", "unreserve", "10.244.250.0/24");
  expect(unreserve.code).toBe(0);
  expect(asked.map((each) => each.body)).toEqual([
    {
      name: "rack1",
      underlayAddress: "192.0.2.50",
      vtepMac: "0e:00:00:00:00:50",
      podCidrs: ["10.244.200.0/24", "fd00:77:0:c8::/64"],
    },
    { cidr: "10.244.250.0/24", note: "lb" },
    undefined,
  ]);
  expect(asked[2]?.path).toBe("/v1/reservations/10.244.250.0/24");
});

test("cluster set sends the setting, cluster get shows all of them", async () => {
  const cluster = {
    id: "c",
    podCidrs: ["10.244.0.0/16"],
    vni: 4096,
    port: 4789,
    sealedPort: 51820,
    cipher: "none",
    encapsulation: "never",
  };
  await serve("control", { "GET /v1/cluster": cluster, "POST /v1/cluster": cluster });
  const { stdout } = await warren("cluster", "set", "encapsulation=never");
  expect(asked[0]?.body).toEqual({ encapsulation: "never" });
  expect(stdout).toMatch(/^Sealed port: +51820\ncipher: +none\nencapsulation: never$/m);
  expect(JSON.parse((await warren("cluster", "get", "-o", "json")).stdout)).toEqual(cluster);
  for (const text of ["encapsulation", "=never"]) {
    const { code, stderr } = await warren("cluster", "set", text);
    expect([code, stderr]).toEqual([2, expect.stringContaining("expected SETTING=VALUE")]);
  }
});

test("peers shows on which path each is reached", async () => {
  const traffic = { txPackets: 0, txBytes: 0, rxPackets: 0, rxBytes: 0 };
  const peers: PeerInfo[] = [
    { ...NODE, ...traffic, path: "direct", cipher: "none", session: null, directPodCidrs: NODE.podCidrs },
    { ...NODE, ...traffic, name: "b", path: "encapsulated", cipher: "none", session: null, directPodCidrs: [] },
  ];
  await serve("agent", { "GET /v1/peers": peers });
  const { stdout } = await warren("peers");
  expect(stdout.split("\n").map((line) => line.split(/ {3,}/)[4])).toEqual([
    "PATH",
    "direct",
    "encapsulated",
    undefined,
  ]);
  expect(JSON.parse((await warren("peers", "-o", "json")).stdout)).toEqual(peers);
});

const SEALED: NodeInfo = {
  ...NODE,
  name: "laptop",
  ...{ foreign: true, kind: "wireguard" },
  sealing: { publicKey: "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", epoch: 2, port: 41194 },
};

test("nodes and peers show what they are and which key they seal with", async () => {
  await serve("control", { "GET /v1/nodes": [NODE, SEALED] });
  const wide = (await warren("nodes", "-o", "wide")).stdout.split("\n").map((line) => line.split(/ {3,}/));
  const column = (name: string) => wide.slice(1, 3).map((row) => row[wide[0]!.indexOf(name)]);
  expect(column("KIND")).toEqual(["node", "wireguard"]);
  expect(column("SEALING-KEY")).toEqual(["-", "xTIBA5rboU…"]);
  expect(column("KEY-EPOCH")).toEqual(["-", "2"]);
  expect(column("SEALED-PORT")).toEqual(["-", "41194"]);
});

test("peer add sends a WireGuard peer as its flags say", async () => {
  await serve("control", { "POST /v1/peers": SEALED });
  const { publicKey } = SEALED.sealing!;
  const { code } = await warren(
    ...["peer", "add", "laptop", "--public-key", publicKey, "--endpoint", "192.0.2.60:41194"],
    ...["--allowed-ips", "10.9.0.7/32,fd00:9::/64"],
  );
  expect(code).toBe(0);
  expect(asked[0]?.body).toEqual({
    ...{ name: "laptop", publicKey, endpoint: "192.0.2.60:41194" },
    allowedIps: ["10.9.0.7/32", "fd00:9::/64"],
  });
});

test("peer config prints a file for wg-quick, for all nodes or one, with a place for the private key", async () => {
  const node = (number: number) => ({
    ...{ name: `n${number}`, publicKey: `key${number}`, endpoint: `192.0.2.${number}:51820` },
    allowedIps: [`10.244.${number}.0/24`, `fd00:77:0:${number}::/64`],
  });
  const config: WireguardPeerConfig = {
    ...{ name: "laptop", publicKey: "own", listenPort: 41194, mtu: 1420, addresses: ["10.9.0.7/32", "fd00:9::1/64"] },
    nodes: [node(1), node(2)],
  };
  await serve("control", { "GET /v1/peers/:name/config": config });
  const { stdout } = await warren("peer", "config", "laptop");
  expect(asked[0]?.path).toBe("/v1/peers/laptop/config");
  expect(stdout.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    ...[
      "[Interface]",
      "PrivateKey = FILL-IN",
      "Address = 10.9.0.7/32, fd00:9::1/64",
      "ListenPort = 41194",
      "MTU = 1420",
    ],
    ...["", "[Peer]", "PublicKey = key1", "Endpoint = 192.0.2.1:51820", "AllowedIPs = 10.244.1.0/24, fd00:77:0:1::/64"],
    ...["", "[Peer]", "PublicKey = key2", "Endpoint = 192.0.2.2:51820", "AllowedIPs = 10.244.2.0/24, fd00:77:0:2::/64"],
    "",
  ]);
  expect(stdout).toContain("# the private key to the public key own\nPrivateKey");
  const one = (await warren("peer", "config", "laptop", "--node", "n2", "--keepalive", "25")).stdout;
  expect(one).not.toContain("key1");
  expect(one).toMatch(/AllowedIPs = .*\nPersistentKeepalive = 25\n$/);
  const json = (await warren("peer", "config", "laptop", "--keepalive", "25", "-o", "json")).stdout;
  expect(JSON.parse(json)).toEqual({ ...config, persistentKeepalive: 25 });
  const none = await warren("peer", "config", "laptop", "--node", "n3");
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no node "n3" that seals')]);
});

test("peers set asks the agent for another cipher with one peer, or for the cluster's", async () => {
  await serve("agent", { "PUT /v1/peers/:name": { peer: "b", cipher: "aes-256-gcm" } });
  const { stdout } = await warren("peers", "set", "b", "cipher=aes-256-gcm");
  expect(stdout).toBe("traffic with b: cipher aes-256-gcm\n");
  expect(asked[0]).toEqual({ method: "PUT", path: "/v1/peers/b", body: { cipher: "aes-256-gcm" } });
  await warren("peers", "set", "b", "cipher=default");
  expect(asked[1]?.body).toEqual({ cipher: "default" });
});

test("keys shows the public key, the overlap, and what became of packets by epoch", async () => {
  const keys: KeysInfo = {
    ...{ publicKey: "new=", epoch: 2, created: new Date().toISOString(), ageSeconds: 90, next: null },
    previous: { publicKey: "old=", epoch: 1, answeredUntil: new Date(Date.now() + 240_500).toISOString() },
    traffic: [
      { epoch: 2, opened: 1_234_567, lost: 0, undecryptable: 0 },
      { epoch: 1, opened: 40, lost: 1, undecryptable: 2 },
    ],
  };
  await serve("agent", { "GET /v1/keys": keys, "POST /v1/keys/rotate": { ...keys, previous: null, traffic: [] } });
  const { stdout } = await warren("keys", "show");
  const [above, table] = stdout.split("\n\n");
  expect(above!.split("\n").map((line) => line.split(/: +/))).toEqual([
    ["Public key", "new="],
    ["Epoch", "2"],
    ["Age", "90s"],
    ["Previous", "epoch 1, answered for 4m more"],
  ]);
  expect(table!.split("\n").map((line) => line.split(/ {3,}/))).toEqual([
    ["EPOCH", "OPENED", "LOST", "UNDECRYPTABLE"],
    ["2", "1,234,567", "0", "0"],
    ["1", "40", "1", "2"],
    [""],
  ]);
  expect(JSON.parse((await warren("keys", "show", "-o", "json")).stdout)).toEqual(keys);
  expect((await warren("keys", "rotate")).stdout).toMatch(/^Previous: +none$/m);
  await warren("keys", "rotate", "--now");
  expect(asked.slice(-2).map((each) => each.body)).toEqual([{ now: false }, { now: true }]);
});

test("status of an agent that is not ready has exit code 3 and shows why", async () => {
  const status: AgentStatus = {
    role: "agent",
    version: "0.1.0",
    ready: false,
    node: NODE,
    cluster: {
      id: "c",
      podCidrs: ["10.244.0.0/16"],
      vni: 4096,
      port: 4789,
      sealedPort: 51820,
      cipher: "none",
      encapsulation: "cross-subnet",
    },
    control: { address: "192.0.2.1:7443", connected: false, error: "connection refused" },
    netmap: { revision: 7, asOf: "2026-11-21T08:00:00.000Z", ageSeconds: 300, source: "disk" },
    certificateExpires: new Date(Date.now() + 86_400_000 * 3).toISOString(),
    dataplane: {
      kind: "tun",
      tun: "warren0",
      overlayMtu: 1450,
      underlayMtu: 1500,
      offloads: { tunVnetHdr: true, udpGro: false },
      txPackets: 1_234_567,
      txBytes: 1536,
      rxPackets: 0,
      rxBytes: 0,
      drops: { "no-route": 2, malformed: 0 },
      syscalls: { tunRead: 5 },
    },
    pods: 2,
    warnings: ["the clock is 40 s ahead"],
    uptimeSeconds: 61,
  };
  const shown = { ...status };
  await serve("agent", { "GET /v1/status": shown });
  const { code, stdout } = await warren("status");
  expect(code).toBe(3);
  expect(stdout).toContain("192.0.2.11 port 4789, MTU 1500");
  // The port that is open: of a sealed cluster the other one is not.
  const sealing = { publicKey: "key", epoch: 1, port: 51900 };
  Object.assign(shown, { node: { ...NODE, sealing }, cluster: { ...status.cluster, cipher: "aes-256-gcm" } });
  expect((await warren("status")).stdout).toContain("192.0.2.11 port 51900, MTU 1500");
  for (const part of [
    "not ready",
    "connection refused",
    "5m old, from disk",
    "1,234,567 packets, 1.5 KiB",
    "2 no-route",
    "cross-subnet",
  ]) {
    expect(stdout).toContain(part);
  }
  expect(stdout).toContain("the clock is 40 s ahead");
  expect((await warren("status", "-o", "wide")).stdout).toContain("tunVnetHdr, no udpGro");
});

test("dataplane shows what forwards, changes it, and says what keeps the change", async () => {
  await serve("agent", {
    "GET /v1/dataplane": { dataplane: "tun", configured: "tun" },
    "PUT /v1/dataplane": { dataplane: "kernel", configured: "tun" },
  });
  expect((await warren("dataplane")).stdout).toBe("tun\n");
  const { code, stdout } = await warren("dataplane", "set", "kernel");
  expect(code).toBe(0);
  expect(stdout).toContain("the dataplane is kernel");
  expect(stdout).toContain('"dataplane: kernel" in agent.yaml');
  expect(asked[1]).toEqual({ method: "PUT", path: "/v1/dataplane", body: { dataplane: "kernel" } });
  expect(await warren("dataplane", "set", "fast")).toMatchObject({ code: 2 });
});

test("peers shows a dash for traffic that the kernel does not count by peer", async () => {
  const unknown = { txPackets: null, txBytes: null, rxPackets: null, rxBytes: null };
  await serve("agent", {
    "GET /v1/peers": [{ ...NODE, ...unknown, path: "encapsulated", cipher: "none", session: null, directPodCidrs: [] }],
  });
  const [, row] = (await warren("peers")).stdout.split("\n");
  expect(row!.trim().split(/\s+/).slice(-2)).toEqual(["–", "–"]);
});

test("doctor names an address or endpoint that is none as usage", async () => {
  for (const flags of [
    ["--underlay", "300.1.1.1"],
    ["--control", "nowhere"],
  ]) {
    const { code, stderr } = await runWarren(["doctor", ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(flags[1]!)]);
  }
});

const COSTS: StageCosts = {
  seconds: 4,
  egress: { packets: 1_000_000, bytes: 64_000_000 },
  ingress: { packets: 0, bytes: 0 },
  workers: [
    {
      directions: ["egress", "ingress"],
      ...{ cpuNs: 2e9, ownNs: 1e6, rounds: 3200, timedRounds: 200, accounted: 0.98 },
      stages: [
        {
          ...{ direction: null, stage: "wait", about: "looks" },
          ...{ visits: 3200, nsPerVisit: 30_000, nsPerPacket: 96, share: 0.048 },
        },
        {
          ...{ direction: "egress", stage: "read", about: "reads" },
          ...{ visits: 1_000_000, nsPerVisit: 1864, nsPerPacket: 1864, share: 0.932 },
        },
        {
          ...{ direction: "ingress", stage: "receive", about: "receives" },
          ...{ visits: 3200, nsPerVisit: 5, nsPerPacket: null, share: 0 },
        },
      ],
    },
  ],
};

test("stages shows the road of both directions, and that the stages add up", async () => {
  await serve("agent", { "POST /v1/stages": COSTS });
  const { code, stdout, stderr } = await warren("stages", "--seconds", "4");
  expect(code).toBe(0);
  expect(stderr).toBe("measuring for 4 s …\n");
  expect(asked).toEqual([{ method: "POST", path: "/v1/stages", body: { seconds: 4 } }]);
  expect(stdout.split("\n").map((line) => line.split(/ {3,}/))).toEqual([
    ["egress, pod to underlay: 1,000,000 packets, 15 MiB/s"],
    ["ingress, underlay to pod: 0 packets, 0 B/s"],
    [""],
    ["worker for egress and ingress: 50.0 % of a core"],
    ["DIRECTION", "STAGE", "NS/PACKET", "SHARE", "OF-CPU-TIME"],
    ["-", "wait", "96", "4.8 %", "█"],
    ["egress", "read", "1,864", "93.2 %", "█".repeat(19)],
    ["ingress", "receive", "-", "0.0 %", "▏"],
    ["the stages account for 98.0 % of the CPU time of the thread"],
    [""],
  ]);
  const wide = (await warren("stages", "-o", "wide")).stdout;
  expect(wide).toMatch(/NS\/VISIT +VISITS +ABOUT/);
  expect(wide).toContain("200 of 3,200 rounds timed, which took 1.0 ms");
  expect(JSON.parse((await warren("stages", "-o", "json")).stdout)).toEqual(COSTS);
});

test("stages says what to do when nothing was forwarded, and refuses a time that is too long", async () => {
  await serve("agent", { "POST /v1/stages": { ...COSTS, egress: COSTS.ingress } });
  expect((await warren("stages")).stderr).toContain("while traffic flows");
  const { code, stderr } = await warren("stages", "--seconds", "61");
  expect(code).toBe(2);
  expect(stderr).toContain("whole number from 1 to 60");
});
