import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { MeshView } from "@warren/common/api/mesh-view.ts";

/** What the control plane allows the page to do. */
export const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Stands for a control plane: serves the built page, and a picture of a mesh that the test decides about. */
export class PageServer {
  /** What the next question is answered with; null leaves it without an answer for ever. */
  answer: () => MeshView | { readonly status: number } | null;
  asked = 0;
  /** Most questions that were waiting for their answers at one time. */
  mostAtOnce = 0;
  #server: Server | undefined;
  #port = 0;
  #waiting = 0;
  readonly #dist: string;

  constructor(dist: string, answer: PageServer["answer"]) {
    this.#dist = dist;
    this.answer = answer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** At the port of the last time, if there was one. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      response.setHeader("content-security-policy", POLICY);
      const path = new URL(request.url ?? "/", this.url).pathname;
      if (path !== "/v1/mesh") {
        const file = join(this.#dist, path === "/" ? "index.html" : normalize(path));
        response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
        response.end(readFileSync(file));
        return;
      }
      this.asked++;
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#waiting);
      response.on("close", () => this.#waiting--);
      const answer = this.answer();
      if (answer === null) return;
      if ("status" in answer) response.writeHead(answer.status).end();
      else response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}
