import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { ERROR_CODES } from "../errors/codes.ts";
import { WarrenError } from "../errors/warren-error.ts";
import { LocalReply, matchRoute, type Route } from "./route.ts";

/** A request body is a handful of fields; more is a mistake or an attack. */
const MAX_BODY_BYTES = 256 << 10;

export interface HandlerOptions {
  readonly routes: readonly Route[];
  /** Looks at a request before its route; throws to refuse it. */
  readonly guard?: (request: IncomingMessage) => void;
  /** What every answer has in its head. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told of every `internal` error. */
  readonly onDefect?: (error: WarrenError) => void;
}

/** Serves routes over HTTP: one JSON answer per request, errors as `{"error": {"code", "message"}}`. */
export function httpHandler(options: HandlerOptions): RequestListener {
  return (request, response) => {
    void answer(request, response, options).catch(() => response.destroy());
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HandlerOptions): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    options.guard?.(request);
    const url = URL.parse(request.url ?? "/", "http://local");
    if (!url) throw new WarrenError("usage", `${JSON.stringify(request.url)} is not a path`);
    const { route, params } = matchRoute(options.routes, request.method ?? "GET", url.pathname);
    const body = route.method === "GET" ? undefined : await readJson(request);
    const result = await route.handle({ params, body, signal: gone.signal });
    send(response, result instanceof LocalReply ? result : json(200, result ?? {}), options.headers);
  } catch (thrown) {
    const error = WarrenError.from(thrown);
    if (error.code === "internal") options.onDefect?.(error);
    send(response, json(ERROR_CODES[error.code].http, { error: error.toObject() }), options.headers);
  }
}

function json(status: number, value: unknown): LocalReply {
  return new LocalReply(status, "application/json; charset=utf-8", `${JSON.stringify(value)}\n`);
}

function send(response: ServerResponse, reply: LocalReply, headers: HandlerOptions["headers"]): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(reply.status, {
    "content-type": reply.contentType,
    "content-length": Buffer.byteLength(reply.body),
    // An answer may hold a join token.
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
    ...reply.headers,
  });
  response.end(reply.body);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new WarrenError("usage", "the request body broke off", { cause });
  }
  if (size > MAX_BODY_BYTES) throw new WarrenError("usage", `a request body has at most ${MAX_BODY_BYTES} bytes`);
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new WarrenError("usage", "the request body is not JSON", { cause });
  }
}
