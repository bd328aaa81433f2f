import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WarrenError } from "../errors/warren-error.ts";
import { tryRun } from "../runtime/run.ts";
import { callLocal } from "./local-client.ts";
import { createLocalServer } from "./local-server.ts";
import { createLoopbackServer } from "./loopback-server.ts";
import { LocalReply, type Route } from "./route.ts";

const routes: Route[] = [
  { method: "GET", path: "/v1/echo/:a/:b", handle: ({ params }) => params },
  { method: "POST", path: "/v1/echo", handle: ({ body }) => body },
  { method: "DELETE", path: "/v1/nothing", handle: () => undefined },
  {
    method: "GET",
    path: "/v1/taken",
    handle: () => {
      throw new WarrenError("node-name-taken", "node a is node b");
    },
  },
  {
    method: "GET",
    path: "/v1/defect",
    handle: () => {
      throw new TypeError("boom");
    },
  },
  { method: "GET", path: "/metrics", handle: () => new LocalReply(200, "text/plain; version=0.0.4", "a 1\n") },
];

let dir: string;
let stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "wrn-api-"));
});

afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
  await rm(dir, { recursive: true, force: true });
});

async function serve(socketPath = join(dir, "run", "agent.sock"), onDefect?: (error: WarrenError) => void) {
  const server = createLocalServer({ socketPath, routes, ...(onDefect && { onDefect }) });
  await server.start();
  stops.push(() => server.stop());
  return { server, socketPath };
}

describe("local API over a Unix socket", () => {
  it("carries JSON both ways and decodes path parameters", async () => {
    const { socketPath } = await serve();
    expect(await callLocal(socketPath, "GET", `/v1/echo/x/${encodeURIComponent("10.0.0.0/8")}`)).toEqual({
      a: "x",
      b: "10.0.0.0/8",
    });
    expect(await callLocal(socketPath, "POST", "/v1/echo", { x: ["ü"] })).toEqual({ x: ["ü"] });
    expect(await callLocal(socketPath, "DELETE", "/v1/nothing")).toEqual({});
    expect(await callLocal(socketPath, "GET", "/metrics")).toBe("a 1\n");
  });

  it("gives the socket mode 0600 in a directory of mode 0750", async () => {
    const { socketPath } = await serve();
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "run"))).mode & 0o777).toBe(0o750);
  });

  it("brings the code and message of a refused call to the caller", async () => {
    const { socketPath } = await serve();
    const call = callLocal(socketPath, "GET", "/v1/taken");
    await expect(call).rejects.toThrow(
      expect.objectContaining({ code: "node-name-taken", message: "node a is node b" }),
    );
  });

  it.each([
    ["GET", "/v2", "not-found"],
    ["GET", "/v1/echo/only-one", "not-found"],
    ["GET", "/v1/echo/%ff/x", "not-found"],
    ["DELETE", "/v1/taken", "usage"],
  ] as const)("answers %s %s with %s", async (method, path, code) => {
    const { socketPath } = await serve();
    await expect(callLocal(socketPath, method, path)).rejects.toThrow(expect.objectContaining({ code }));
  });

  it("tells the owner of a defect", async () => {
    const defects: string[] = [];
    const { socketPath } = await serve(undefined, (error) => defects.push(error.message));
    await expect(callLocal(socketPath, "GET", "/v1/defect")).rejects.toThrow(
      expect.objectContaining({ code: "internal" }),
    );
    expect(defects).toEqual(["boom"]);
  });

  it("refuses a body that is not JSON or too large", async () => {
    const { socketPath } = await serve();
    expect(await raw({ socketPath, method: "POST", path: "/v1/echo" }, "{")).toMatchObject({ status: 400 });
    await expect(callLocal(socketPath, "POST", "/v1/echo", "x".repeat(300_000))).rejects.toThrow(
      /at most|EPIPE|hang up/,
    );
  });

  it("asks whether the agent runs when there is no socket, or a dead one", async () => {
    const missing = callLocal(join(dir, "agent.sock"), "GET", "/v1/status");
    await expect(missing).rejects.toThrow(/is the agent running/);
    await expect(missing).rejects.toThrow(expect.objectContaining({ code: "unavailable", exitCode: 4 }));
    await expect(callLocal(join(dir, "control.sock"), "GET", "/")).rejects.toThrow(/is the control plane running/);
  });

  it("replaces a stale socket and refuses a live one", async () => {
    const { socketPath } = await serve();
    const second = createLocalServer({ socketPath, routes });
    await expect(second.start()).rejects.toThrow(expect.objectContaining({ code: "already-running" }));
    await second.stop();
    expect(await callLocal(socketPath, "GET", "/metrics")).toBe("a 1\n");

    const stale = join(dir, "stale.sock");
    const script = `require("node:net").createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 9))`;
    await tryRun(process.execPath, ["-e", script]);
    expect((await stat(stale)).isSocket()).toBe(true);
    await serve(stale);
    expect(await callLocal(stale, "GET", "/metrics")).toBe("a 1\n");
  });

  it("never replaces a file that is not a socket", async () => {
    const path = join(dir, "agent.sock");
    await writeFile(path, "precious");
    await expect(serve(path)).rejects.toThrow(expect.objectContaining({ code: "already-exists" }));
    expect(await readFile(path, "utf8")).toBe("precious");
  });

  it("removes its socket when it stops, twice or never started alike", async () => {
    const { server, socketPath } = await serve();
    await server.stop();
    await server.stop();
    await expect(stat(socketPath)).rejects.toThrow("ENOENT");
    await createLocalServer({ socketPath, routes }).stop();
  });

  it("says that a socket path is too long", async () => {
    const server = createLocalServer({ socketPath: join(dir, "x".repeat(120), "agent.sock"), routes });
    await expect(server.start()).rejects.toThrow(/shorter run-dir/);
  });
});

describe("local API on loopback", () => {
  async function loopback(onDefect?: (error: WarrenError) => void) {
    const server = createLoopbackServer({ address: "127.0.0.1:0", routes, ...(onDefect && { onDefect }) });
    await server.start();
    stops.push(() => server.stop());
    return { server, port: Number(server.address.split(":").at(-1)) };
  }

  it("answers its own address and localhost, and refuses the Host of a rebound name", async () => {
    const { port } = await loopback();
    const get = (host: string) => raw({ host: "127.0.0.1", port, path: "/metrics", headers: { host } });
    expect(await get(`127.0.0.1:${port}`)).toMatchObject({ status: 200, body: "a 1\n" });
    expect(await get(`LOCALHOST:${port}`)).toMatchObject({ status: 200 });
    for (const host of [`evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port + 1}`, `127.0.0.1.nip.io:${port}`]) {
      expect(await get(host)).toMatchObject({ status: 403 });
    }
  });

  it("calls no request of a stranger a defect: a target that is no path, a body that breaks off", async () => {
    const defects: string[] = [];
    const { port } = await loopback((error) => defects.push(error.message));
    const host = `127.0.0.1:${port}`;
    expect(await raw({ host: "127.0.0.1", port, path: "//", headers: { host } })).toMatchObject({ status: 400 });
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 9\r\n\r\n{`, () =>
      socket.resetAndDestroy(),
    );
    await once(socket, "close");
    expect(await raw({ host: "127.0.0.1", port, path: "/metrics", headers: { host } })).toMatchObject({ status: 200 });
    expect(defects).toEqual([]);
  });

  it("sends no CORS header and lets nothing be stored", async () => {
    const { port } = await loopback();
    const { headers } = await raw({
      host: "127.0.0.1",
      port,
      path: "/metrics",
      headers: { host: `localhost:${port}`, origin: "http://evil.example" },
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("names the port that is in use and how to find its holder", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    stops.push(() => new Promise((resolve) => holder.close(() => resolve())));
    const { port } = holder.address() as { port: number };
    const server = createLoopbackServer({ address: `127.0.0.1:${port}`, routes });
    await expect(server.start()).rejects.toThrow(expect.objectContaining({ code: "port-in-use" }));
    await expect(server.start()).rejects.toThrow(`ss -ltnp sport = :${port}`);
  });

  it("says that an address is not this host's", async () => {
    const server = createLoopbackServer({ address: "192.0.2.1:0", routes });
    await expect(server.start()).rejects.toThrow(expect.objectContaining({ code: "address-not-local" }));
  });
});

function raw(options: object, body = ""): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ agent: false, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    call.on("error", reject);
    call.end(body);
  });
}
