import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { TokenCreated } from "@warren/common/api/types.ts";
import { createNodeKey } from "@warren/common/identity/node-key.ts";
import { createMeshClient } from "@warren/common/rpc/channel.ts";
import { enroll } from "@warren/common/rpc/enroll.ts";
import { expect, it } from "vitest";
import { registerRequest } from "./testing/control-harness.ts";

/** By node name: what the control plane acknowledged, and how to ask for it again. */
type Leases = Map<string, { readonly cidr: string; readonly again: (address: string) => Promise<string> }>;

const program = fileURLToPath(new URL("./testing/control-process.ts", import.meta.url));

it("killed at any moment while nodes join, comes back with every lease it gave, and gives no address twice", async () => {
  const dir = await mkdtemp(join(tmpdir(), "wrn-crash-"));
  const given: Leases = new Map();
  let listen = "127.0.0.1:0";
  let child: ChildProcess | undefined;
  try {
    for (let round = 0; round < 2; round++) {
      ({ child, address: listen } = await startProcess(dir, listen));
      await checkLeases(given, listen);
      const { token } = await callLocal<TokenCreated>(join(dir, "run/control.sock"), "POST", "/v1/tokens", {
        uses: 100,
      });
      const dying = new Promise((resolve) => child!.once("close", resolve));
      const joins = Array.from({ length: 8 }, (_, i) => joinNode(listen, token, round * 8 + i, given));
      const ended = Promise.allSettled(joins);
      // In the middle: some have their lease, some have not.
      await Promise.any(joins.slice(round * 3));
      child.kill("SIGKILL");
      await dying;
      await ended;
      expect(given.size).toBeGreaterThan(round);
    }
    ({ child } = await startProcess(dir, listen));
    await checkLeases(given, listen);
    const cidrs = [...given.values()].map(({ cidr }) => cidr);
    expect(new Set(cidrs).size).toBe(cidrs.length);
  } finally {
    child?.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true });
  }
}, 90_000);

/** Every node that had a lease acknowledged gets the same one again. */
async function checkLeases(given: Leases, address: string): Promise<void> {
  const now = await Promise.all([...given].map(async ([name, { again }]) => [name, await again(address)]));
  expect(now).toEqual([...given].map(([name, { cidr }]) => [name, cidr]));
}

/** Joins and registers one node, and notes the lease once the control plane has acknowledged it. */
async function joinNode(address: string, token: string, n: number, given: Leases): Promise<void> {
  const node = { name: `n${n}`, underlayAddress: `192.0.2.${n + 1}` };
  const keyPem = createNodeKey();
  const { caPem, certificatePem } = await enroll(address, token, { nodeName: node.name, ...node, keyPem });
  const register = async (at: string, held: readonly string[]) => {
    const mesh = createMeshClient(at, { ca: caPem, cert: certificatePem, key: keyPem });
    try {
      return (await mesh.register(registerRequest(node, { held_pod_cidrs: held }))).self.pod_cidrs[0]!;
    } finally {
      mesh.close();
    }
  };
  const cidr = await register(address, []);
  given.set(node.name, { cidr, again: (at) => register(at, [cidr]) });
}

function startProcess(dir: string, listen: string): Promise<{ child: ChildProcess; address: string }> {
  const config = {
    "data-dir": join(dir, "data"),
    "run-dir": join(dir, "run"),
    listen,
    http: "127.0.0.1:0",
    "log-level": "silent",
  };
  const child = spawn(process.execPath, [program, JSON.stringify(config)], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the control plane ended with ${code}`)));
    createInterface({ input: child.stdout }).once("line", (address) => resolve({ child, address }));
  });
}
