import { request } from "node:http";
import { basename } from "node:path";
import { WarrenError } from "../errors/warren-error.ts";

/** How long an answer may take; a `pod add` that runs programs is well below. */
const TIMEOUT_MS = 30_000;

/**
 * One request to a local API, such as `callLocal("/run/warren/agent.sock", "GET", "/v1/pods")`. Loads nothing but
 * `node:http`: the start time of every command pays for what is imported here.
 * @param body sent as JSON
 * @returns the parsed answer; text when it is not JSON (`/metrics`)
 * @throws the error the server answered with; `unavailable` when nobody listens on the socket; `timeout`
 */
export function callLocal<T>(
  socketPath: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath,
        method,
        path,
        timeout: TIMEOUT_MS,
        agent: false,
        headers: {
          host: "localhost",
          "content-type": "application/json",
          "content-length": Buffer.byteLength(payload),
        },
        ...(signal && { signal }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => reject(transportError(error, socketPath)));
        response.on("end", () => {
          try {
            const isJson = response.headers["content-type"]?.includes("json") ?? false;
            resolve(readAnswer(response.statusCode ?? 0, isJson, Buffer.concat(chunks).toString("utf8")) as T);
          } catch (error) {
            reject(error as Error);
          }
        });
      },
    );
    call.on("timeout", () => {
      call.destroy(new WarrenError("timeout", `${socketPath} did not answer within ${TIMEOUT_MS / 1000} s`));
    });
    call.on("error", (error) => reject(transportError(error, socketPath)));
    call.end(payload);
  });
}

function readAnswer(status: number, isJson: boolean, text: string): unknown {
  const value: unknown = isJson ? JSON.parse(text) : text;
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
