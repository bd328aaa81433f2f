import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import type { MeshView } from "@warren/common/api/mesh-view.ts";
import type { ControlStatus } from "@warren/common/api/types.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testReport } from "../live/testing/test-report.ts";
import { ControlHarness, registerRequest } from "./testing/control-harness.ts";

let control: ControlHarness;

beforeEach(async () => {
  control = await ControlHarness.make();
});

afterEach(() => control.dispose());

/** A built page, and a secret beside it. */
async function build(): Promise<string> {
  const dir = join(control.dir, "dist");
  await mkdir(join(dir, "assets"), { recursive: true });
  await writeFile(join(dir, "index.html"), "<!doctype html><title>mesh</title>");
  await writeFile(join(dir, "assets", "index-Ab12.js"), "export {};");
  await writeFile(join(dir, "assets", ":name"), "no pattern");
  await writeFile(join(control.dir, "secret"), "secret");
  return dir;
}

const start = async (change: Record<string, unknown> = {}) =>
  control.start({ page: "127.0.0.1:0", ...change }, { pageDir: await build() });

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

function ask(address: string, path: string, method = "GET", headers: Record<string, string> = {}): Promise<Answer> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** What comes for a request as it stands, which a client of HTTP would tidy. */
function askRaw(address: string, text: string): Promise<string> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host!, () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}

const both = ["http", "page"] as const;

describe.each(both)("the page on the address of %s", (which) => {
  it("is the built files, and what they show", async () => {
    const app = await start();
    const index = await ask(app[which]!, "/?node=a");
    expect(index).toMatchObject({ status: 200, body: "<!doctype html><title>mesh</title>" });
    expect(index.headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" });
    const script = await ask(app[which]!, "/assets/index-Ab12.js");
    expect(script).toMatchObject({ status: 200, body: "export {};" });
    expect(script.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": expect.stringContaining("immutable"),
    });
    const mesh = await ask(app[which]!, "/v1/mesh");
    expect(mesh.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    });
    expect(JSON.parse(mesh.body)).toMatchObject({ cluster: { vni: 4096 }, nodes: [] });
  });

  it("carries strict heads with every answer, errors too, and lets no other site read it", async () => {
    const app = await start();
    for (const path of ["/", "/v1/mesh", "/assets/index-Ab12.js", "/none"]) {
      const { headers } = await ask(app[which]!, path, "GET", { origin: "http://elsewhere.example" });
      expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY" });
      const policy = headers["content-security-policy"] as string;
      expect(policy).toMatch(/^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/);
      expect(policy).not.toContain("unsafe");
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it.each([
    "/../secret",
    "/..%2fsecret",
    "/%2e%2e/secret",
    "/assets/../../secret",
    "/assets/..%2f..%2fsecret",
    "/assets/%5c..%5c..%5csecret",
    "/index.html%00",
    "/assets/",
    "/assets",
    "/assets/anything",
    "http://elsewhere.example/../../secret",
  ])("has nothing at %s", async (path) => {
    const app = await start();
    const answer = await askRaw(
      app[which]!,
      `GET ${path} HTTP/1.1\r\nhost: ${app[which]}\r\nconnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 (404|400) /);
    expect(answer).not.toMatch(/secret\r?\n?$|no pattern/);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])("refuses %s", async (method) => {
    const app = await start();
    for (const path of ["/", "/v1/mesh"])
      expect(await ask(app[which]!, path, method)).toMatchObject({ status: 400, body: expect.stringContaining("GET") });
  });

  it("answers HEAD like GET, without the body", async () => {
    const app = await start();
    const head = await ask(app[which]!, "/", "HEAD");
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.headers["content-length"]).toBe((await ask(app[which]!, "/")).headers["content-length"]);
  });

  it("does not wait for a body that nobody needs", async () => {
    const app = await start();
    const heads = `host: ${app[which]}\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n`;
    expect(await askRaw(app[which]!, `GET / HTTP/1.1\r\n${heads}`)).toMatch(/^HTTP\/1.1 200 /);
  });

  it("says how to build it where that was not done, and shows the data all the same", async () => {
    const app = await control.start({ page: "127.0.0.1:0" }, { pageDir: join(control.dir, "none") });
    const index = await ask(app[which]!, "/");
    expect(index).toMatchObject({ status: 404, body: expect.stringContaining("npm run page") });
    expect(index.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(await ask(app[which]!, "/v1/mesh")).toMatchObject({ status: 200 });
  });

  it("has nothing that an administrator's socket has", async () => {
    const app = await start();
    for (const path of ["/v1/tokens", "/v1/status", "/v1/nodes", "/v1/ipam"])
      expect(await ask(app[which]!, path)).toMatchObject({ status: 404 });
  });
});

describe("the two addresses", () => {
  it("differ: for this host alone with its own name, for others by any name and without metrics", async () => {
    const app = await start();
    const rebound = { host: "rebound.example" };
    expect(await ask(app.http, "/v1/mesh", "GET", rebound)).toMatchObject({ status: 403 });
    expect(await ask(app.page!, "/v1/mesh", "GET", rebound)).toMatchObject({ status: 200 });
    expect(await ask(app.http, "/metrics")).toMatchObject({ status: 200 });
    for (const path of ["/metrics", "/healthz", "/readyz"])
      expect(await ask(app.page!, path)).toMatchObject({ status: 404 });
  });

  it("are told by the status; the one for others is not there unless asked for", async () => {
    const app = await start();
    expect(await control.call<ControlStatus>("GET", "/v1/status")).toMatchObject({ http: app.http, page: app.page });
    await control.stop();
    await control.start();
    expect(control.app.page).toBeNull();
    expect(await control.call<ControlStatus>("GET", "/v1/status")).toMatchObject({ page: null });
  });

  it("both, and control.sock, have nodes report", async () => {
    const app = await start();
    const node = await control.join("a", "192.0.2.1");
    await node.mesh.register(registerRequest(node));
    const beat = async () => (await node.mesh.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 })).report_interval_ms;
    expect(await beat()).toBe(0);
    expect(await control.call<MeshView>("GET", "/v1/mesh")).toMatchObject({ nodes: [{ name: "a", report: null }] });
    expect(await beat()).toBe(1_000);
    await node.mesh.report(testReport({ warnings: ["<script>alert(1)</script>"] }));
    for (const address of [app.http, app.page!]) {
      const view = JSON.parse((await ask(address, "/v1/mesh")).body) as MeshView;
      expect(view.nodes[0]!.report).toMatchObject({ warnings: ["<script>alert(1)</script>"], podCount: 0 });
    }
  });
});
