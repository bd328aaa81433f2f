import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { TokenCreated, TokenRequest } from "@warren/common/api/types.ts";
import { createNodeKey } from "@warren/common/identity/node-key.ts";
import { createMeshClient, type MeshClient } from "@warren/common/rpc/channel.ts";
import { type Enrollment, enroll } from "@warren/common/rpc/enroll.ts";
import { PROTOCOL_VERSION, type RegisterRequest } from "@warren/common/rpc/messages.ts";
import { pino } from "pino";
import { type ControlApp, type ControlDeps, createControl } from "../control-app.ts";
import { type ControlConfig, controlConfigSchema } from "../control-config.ts";

/** A joined node, as an agent would hold it. */
export interface TestNode {
  readonly name: string;
  readonly underlayAddress: string;
  readonly keyPem: string;
  readonly enrollment: Enrollment;
  readonly mesh: MeshClient;
}

/** A real control plane on a directory of its own, with real TLS on a free port of loopback. */
export class ControlHarness {
  readonly dir: string;
  readonly #deps: ControlDeps;
  readonly #clients: MeshClient[] = [];
  #app: ControlApp | undefined;

  private constructor(dir: string, deps: ControlDeps) {
    this.dir = dir;
    this.#deps = deps;
  }

  static async make(deps: ControlDeps = {}): Promise<ControlHarness> {
    return new ControlHarness(await mkdtemp(join(tmpdir(), "wrn-control-")), deps);
  }

  get app(): ControlApp {
    return this.#app!;
  }

  get dataDir(): string {
    return join(this.dir, "data");
  }

  config(change: Record<string, unknown> = {}): ControlConfig {
    return controlConfigSchema.parse({
      "data-dir": this.dataDir,
      "run-dir": join(this.dir, "run"),
      listen: "127.0.0.1:0",
      http: "127.0.0.1:0",
      ...change,
    });
  }

  async start(change: Record<string, unknown> = {}, deps: ControlDeps = {}): Promise<ControlApp> {
    const logger = pino({ level: "silent" });
    const app = createControl(this.config(change), { logger, ...this.#deps, ...deps });
    await app.start();
    this.#app = app;
    return app;
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    this.#app = undefined;
  }

  async restart(change: Record<string, unknown> = {}): Promise<ControlApp> {
    // The same port again, as after a real restart.
    const listen = this.app.address;
    await this.stop();
    return this.start({ listen, ...change });
  }

  call<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
    return callLocal<T>(join(this.dir, "run", "control.sock"), method, path, body);
  }

  token(request: TokenRequest = {}): Promise<TokenCreated> {
    return this.call("POST", "/v1/tokens", request);
  }

  async join(name: string, underlayAddress: string, token?: string): Promise<TestNode> {
    const keyPem = createNodeKey();
    const text = token ?? (await this.token()).token;
    const enrollment = await enroll(this.app.address, text, { nodeName: name, underlayAddress, keyPem });
    return { name, underlayAddress, keyPem, enrollment, mesh: this.connect(enrollment, keyPem) };
  }

  connect(enrollment: Pick<Enrollment, "caPem" | "certificatePem">, keyPem: string): MeshClient {
    const identity = { ca: enrollment.caPem, cert: enrollment.certificatePem, key: keyPem };
    const client = createMeshClient(this.app.address, identity);
    this.#clients.push(client);
    return client;
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** A registration as a fresh agent sends it. */
export function registerRequest(
  node: { readonly name: string; readonly underlayAddress: string },
  change: Partial<RegisterRequest> = {},
): RegisterRequest {
  return {
    protocol: PROTOCOL_VERSION,
    node_name: node.name,
    underlay_address: node.underlayAddress,
    port: 4789,
    version: "0.1.0",
    held_pod_cidrs: [],
    held_epoch: 0,
    accept_new_lease: false,
    sealing_key: new Uint8Array(),
    sealed_port: 0,
    ...change,
  };
}
