import { WarrenError } from "../errors/warren-error.ts";

/** A request of the local API, read and checked as far as HTTP goes. */
export interface LocalRequest {
  /** The `:name` parts of the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined without a body. The handler checks its shape. */
  readonly body: unknown;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

/** An answer that is not JSON with status 200. */
export class LocalReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Beside, and before, those that every answer has. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    contentType: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.status = status;
    this.contentType = contentType;
    this.body = body;
    this.headers = headers;
  }
}

export interface Route {
  /** What is there for GET is there for HEAD. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Such as `/v1/pods/:namespace/:name`. */
  readonly path: string;
  /** Returns what to send as JSON, or a `LocalReply`. A thrown `WarrenError` becomes the error answer. */
  handle(request: LocalRequest): unknown;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The route for a method and a path as it stands in the request line.
 * @throws `not-found` with the known paths; `usage` when the path exists but not with this method
 */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch {
  const parts = path.split("/");
  const allowed: string[] = [];
  // Node.js leaves the body of an answer to HEAD out.
  const wanted = method === "HEAD" ? "GET" : method;
  for (const route of routes) {
    const params = matchPath(route.path.split("/"), parts);
    if (!params) continue;
    if (route.method === wanted) return { route, params };
    allowed.push(route.method);
  }
  if (allowed.length > 0) {
    throw new WarrenError("usage", `${method} is not possible on ${path}; expected ${allowed.join(" or ")}`);
  }
  throw new WarrenError("not-found", `no such path: ${method} ${path}`);
}

function matchPath(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const part = parts[i]!;
    if (!expected.startsWith(":")) {
      if (expected !== part) return null;
      continue;
    }
    const value = decode(part);
    if (!value) return null;
    params[expected.slice(1)] = value;
  }
  return params;
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
