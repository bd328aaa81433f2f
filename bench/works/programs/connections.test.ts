import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { tryRun } from "@warren/common/runtime/run.ts";
import { afterEach, describe, expect, it } from "vitest";
import { connectionsKcps } from "../connections-output.ts";

const program = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
const HOST = "127.0.0.1";
let server: ChildProcess | undefined;

afterEach(async () => {
  if (server === undefined) return;
  server.kill();
  await once(server, "exit");
  server = undefined;
});

async function unusedPort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** Resolves when somebody listens. */
async function listens(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, HOST);
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
  }
}

const client = (port: number) =>
  tryRun(process.execPath, [program("connections-client.ts"), HOST, String(port), "0.2"], { timeoutMs: 10_000 });

describe("programs that open and close connections", () => {
  it("count whole connections, also after one that was hung up on", async () => {
    const port = await unusedPort();
    server = spawn(process.execPath, [program("connections-server.ts"), HOST, String(port)], { stdio: "ignore" });
    await listens(port);
    const { code, stdout, stderr } = await client(port);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(connectionsKcps(stdout)).toBeGreaterThan(0);
  });

  it("fail with the number of the error when nobody listens", async () => {
    const { code, stderr } = await client(await unusedPort());
    expect(code).not.toBe(0);
    // ECONNREFUSED
    expect(stderr).toMatch(/failed with errno 111/);
  });
});
