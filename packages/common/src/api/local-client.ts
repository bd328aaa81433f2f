import { createConnection } from "node:net";
import { basename } from "node:path";
import { WarrenError } from "../errors/warren-error.ts";

/** How long an answer may take; a `pod add` that runs programs is well below. */
const TIMEOUT_MS = 30_000;

/**
 * One request to a local API, such as `callLocal("/run/warren/agent.sock", "GET", "/v1/pods")`. It speaks HTTP/1.0
 * itself, one request per connection, because the start time of every command pays for what is imported here:
 * `node:http` costs 27 ms (its module facade loads undici), `node:net` 2 ms.
 * @param body sent as JSON
 * @param timeoutMs how long the answer may take; for what is known to take long
 * @returns the parsed answer; text when it is not JSON (`/metrics`)
 * @throws the error the server answered with; `unavailable` when nobody listens on the socket; `timeout`
 */
export function callLocal<T>(
  socketPath: string,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = createConnection({ path: socketPath, ...(signal && { signal }) });
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new WarrenError("timeout", `${socketPath} did not answer within ${timeoutMs / 1000} s`));
    });
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", (error) => reject(transportError(error, socketPath)));
    socket.on("end", () => {
      try {
        resolve(readAnswer(Buffer.concat(chunks)) as T);
      } catch (error) {
        reject(transportError(error as Error, socketPath));
      }
    });
    // Not `end`: a server may take a half-closed connection for a caller that went away.
    socket.write(requestText(method, path, body === undefined ? "" : JSON.stringify(body)));
  });
}

/** In HTTP/1.0 the server closes the connection after its answer and never sends it in chunks (RFC 9112 §9.3). */
function requestText(method: string, path: string, payload: string): string {
  const length = Buffer.byteLength(payload);
  const head = [`${method} ${path} HTTP/1.0`, "host: localhost", "content-type: application/json"];
  return `${head.join("\r\n")}\r\ncontent-length: ${length}\r\n\r\n${payload}`;
}

function readAnswer(answer: Buffer): unknown {
  const headEnd = answer.indexOf("\r\n\r\n");
  const head = answer.toString("latin1", 0, Math.max(0, headEnd));
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1] ?? 0);
  const bodyBytes = answer.subarray(headEnd + 4);
  const expected = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (headEnd < 0 || status === 0 || (expected !== undefined && bodyBytes.length !== Number(expected))) {
    throw new Error("the answer was cut short");
  }
  const text = bodyBytes.toString("utf8");
  const value: unknown = /^content-type: *application\/json/im.test(head) ? JSON.parse(text) : text;
  if (status >= 200 && status < 300) return value;
  throw WarrenError.fromObject((value as { error?: unknown } | null)?.error);
}

function transportError(error: NodeJS.ErrnoException, socketPath: string): Error {
  if (error instanceof WarrenError || error.name === "AbortError") return error;
  const service = basename(socketPath, ".sock") === "control" ? "control plane" : "agent";
  if (error.code === "EACCES") {
    return new WarrenError("forbidden", `no permission to open ${socketPath}; run the command as root`, {
      cause: error,
    });
  }
  const why = error.code === "ENOENT" ? "there is no such socket" : error.message;
  return new WarrenError(
    "unavailable",
    `nobody answers on ${socketPath} (${why}); is the ${service} running, with this run-dir?`,
    { cause: error },
  );
}
