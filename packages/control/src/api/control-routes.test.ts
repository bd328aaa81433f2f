import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  ClusterInfo,
  ControlIpam,
  ControlStatus,
  NodeInfo,
  TokenCreated,
  TokenInfo,
} from "@warren/common/api/types.ts";
import { formatSealingKey } from "@warren/common/identity/sealing-key.ts";
import { newPublicKey } from "@warren/common/identity/testing/new-public-key.ts";
import { run } from "@warren/common/runtime/run.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ControlHarness, registerRequest } from "../app/testing/control-harness.ts";

const coded = (code: string) => expect.objectContaining({ code });

let control: ControlHarness;

beforeEach(async () => {
  control = await ControlHarness.make();
  await control.start();
});

afterEach(() => control.dispose());

describe("local API of the control plane", () => {
  it("makes, lists and revokes tokens, and shows a secret only once", async () => {
    const made = await control.call<TokenCreated>("POST", "/v1/tokens", { ttlMs: 60_000, uses: 2 });
    expect(made.token).toMatch(/^wrn1\.[0-9a-f]{64}\.[a-z0-9]{10}\.[\w-]{24}$/);
    expect(Date.parse(made.expires) - Date.parse(made.created)).toBe(60_000);
    const listed = await control.call<TokenInfo[]>("GET", "/v1/tokens");
    expect(listed).toEqual([
      { id: made.id, created: made.created, expires: made.expires, uses: 2, used: 0, state: "valid" },
    ]);
    expect(await control.call("DELETE", `/v1/tokens/${made.id}`)).toMatchObject({ state: "revoked" });
    await expect(control.join("a", "192.0.2.1", made.token)).rejects.toThrow(coded("token-revoked"));
  });

  it.each([
    ["/v1/tokens", { ttl: 5 }, "usage"],
    ["/v1/tokens", { uses: "many" }, "usage"],
    ["/v1/tokens", [], "usage"],
    ["/v1/peers", { name: "x" }, "usage"],
    ["/v1/reservations", { cidr: "10.244.0.1/24" }, "address-invalid"],
    ["/v1/reservations", { cidr: 7 }, "usage"],
    ["/v1/cluster", { encapsulation: "sometimes" }, "usage"],
    ["/v1/cluster", { encapsulation: 7 }, "usage"],
    ["/v1/cluster", { vni: "7" }, "usage"],
    ["/v1/cluster", [], "usage"],
  ])("refuses POST %s %j with %s", async (path, body, code) => {
    await expect(control.call("POST", path, body)).rejects.toThrow(coded(code));
  });

  it("shows and changes the settings of the cluster, durably", async () => {
    const before = await control.call<ClusterInfo>("GET", "/v1/cluster");
    expect(before).toMatchObject({ vni: 4096, cipher: "none", encapsulation: "always" });
    const changed = { ...before, encapsulation: "cross-subnet" };
    expect(await control.call("POST", "/v1/cluster", { encapsulation: "cross-subnet" })).toEqual(changed);
    await control.restart();
    expect(await control.call("GET", "/v1/cluster")).toEqual(changed);
    expect((await control.call<ControlStatus>("GET", "/v1/status")).cluster).toEqual(changed);
    const node = await control.join("a", "192.0.2.1");
    expect((await node.mesh.register(registerRequest(node))).cluster.encapsulation).toBe("cross-subnet");
  });

  it("adds and removes foreign peers and reservations, durably", async () => {
    const peer = {
      name: "gw",
      underlayAddress: "192.0.2.9",
      vtepMac: "02:00:00:00:00:09",
      podCidrs: ["10.244.9.0/24"],
    };
    expect(await control.call<NodeInfo>("POST", "/v1/peers", peer)).toMatchObject({
      ...peer,
      foreign: true,
      port: 4789,
      state: "ready",
      lastSeen: null,
    });
    await control.call("POST", "/v1/reservations", { cidr: "10.244.0.0/24", note: "old network" });
    await control.restart();
    expect(await control.call<NodeInfo[]>("GET", "/v1/peers")).toMatchObject([peer]);
    expect(await control.call<ControlIpam>("GET", "/v1/ipam")).toMatchObject({
      pools: [{ reserved: 2 }],
      reservations: [{ cidr: "10.244.0.0/24", note: "old network" }],
    });
    await control.call("DELETE", `/v1/reservations/${encodeURIComponent("10.244.0.0/24")}`);
    await control.call("DELETE", "/v1/peers/gw");
    expect(await control.call("GET", "/v1/peers")).toEqual([]);
    await expect(control.call("DELETE", "/v1/peers/gw")).rejects.toThrow(coded("not-found"));
  });

  it("adds a WireGuard peer, and tells the other side of it all that it must know", async () => {
    const publicKey = formatSealingKey(newPublicKey());
    const peer = {
      ...{ name: "laptop", publicKey, endpoint: "[2001:db8::7]:41194" },
      allowedIps: ["10.9.0.0/24", "fd00:9::7/128"],
    };
    await expect(control.call("POST", "/v1/peers", peer)).rejects.toThrow(coded("setting-conflict"));
    await control.call("POST", "/v1/cluster", { cipher: "chacha20-poly1305" });
    expect(await control.call<NodeInfo>("POST", "/v1/peers", peer)).toMatchObject({
      ...{
        name: "laptop",
        kind: "wireguard",
        foreign: true,
        underlayAddress: "2001:db8::7",
        podCidrs: peer.allowedIps,
      },
      sealing: { publicKey, epoch: 1, port: 41194 },
    });
    await expect(control.call("POST", "/v1/peers", { ...peer, vtepMac: "02:00:00:00:00:09" })).rejects.toThrow(
      coded("usage"),
    );
    const sealing_key = newPublicKey();
    const a = await control.join("a", "192.0.2.1");
    await a.mesh.register(registerRequest(a, { sealing_key, sealed_port: 51900 }));
    // Enrolled, and not in the mesh yet.
    await control.join("b", "192.0.2.2");
    expect(await control.call("GET", "/v1/peers/laptop/config")).toEqual({
      ...{ name: "laptop", publicKey, listenPort: 41194, mtu: 1420 },
      addresses: ["10.9.0.1/24", "fd00:9::7/128"],
      nodes: [
        {
          ...{ name: "a", publicKey: formatSealingKey(sealing_key), endpoint: "192.0.2.1:51900" },
          allowedIps: ["10.244.0.0/24"],
        },
      ],
    });
    await expect(control.call("GET", "/v1/peers/a/config")).rejects.toThrow(coded("not-found"));
  });

  it("removes a node by its name and shows what it had", async () => {
    const a = await control.join("a", "192.0.2.1");
    await a.mesh.register(registerRequest(a));
    expect(await control.call("DELETE", "/v1/nodes/a")).toMatchObject({ name: "a", podCidrs: ["10.244.0.0/24"] });
    expect(await control.call("GET", "/v1/nodes")).toEqual([]);
    await expect(control.call("DELETE", "/v1/nodes/a")).rejects.toThrow(coded("not-found"));
  });

  it.skipIf(process.getuid?.() !== 0)(
    "names a full disk, loses nothing, and goes on when there is room again",
    async () => {
      await control.stop();
      const data = join(control.dir, "small");
      await mkdir(data);
      await run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", data]);
      try {
        await control.start({ "data-dir": data });
        const a = await control.join("a", "192.0.2.1");
        const { self } = await a.mesh.register(registerRequest(a));
        await writeFile(join(data, "filler"), Buffer.alloc(2 << 20)).catch(() => {});
        const failure = await untilRefused(() => control.call("POST", "/v1/tokens"));
        expect(failure).toMatchObject({ code: "disk-full", exitCode: 1 });
        expect((failure as Error).message).toMatch(/no space left to write .*state\.db: make room/);
        // Nodes that are known go on: neither a heartbeat nor the restart of an agent writes anything.
        await a.mesh.heartbeat({ epoch: self.epoch, applied_revision: 0, pods: 0 });
        expect((await a.mesh.register(registerRequest(a, { held_pod_cidrs: self.pod_cidrs }))).self).toEqual(self);
        await rm(join(data, "filler"));
        await control.call("POST", "/v1/tokens");
        expect((await a.mesh.register(registerRequest(a))).self).toEqual(self);
        await control.stop();
      } finally {
        await control.stop();
        await run("umount", [data]);
      }
    },
  );
});

async function untilRefused(write: () => Promise<unknown>): Promise<unknown> {
  for (let i = 0; i < 2_000; i++) {
    try {
      await write();
    } catch (error) {
      return error;
    }
  }
  return null;
}
