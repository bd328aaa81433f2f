import { connect } from "node:http2";
import { CONTROL_SERVER_NAME } from "@warren/common/identity/node-uri.ts";
import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { fail, ok, warn } from "./check-result.ts";
import type { Check } from "./doctor.ts";

const TIMEOUT_MS = 5_000;
/** An HTTP date has whole seconds, and a certificate tolerates nothing before its first one. */
const TOLERANCE_MS = 10_000;

/**
 * Whether the control plane answers, and how its clock and ours compare, by the `date` of its answer. No identity is
 * shown and none is checked: this is a diagnosis, and nothing secret is sent.
 */
export async function checkControl(address: string, clock: Clock, signal?: AbortSignal): Promise<Check[]> {
  const peer = formatEndpoint(parseEndpoint(address));
  let date: string | undefined;
  try {
    date = await dateOf(peer, signal);
  } catch (error) {
    const fix = "start it, or check the address, the route and the firewall (TCP)";
    return [fail("control plane", `${peer} does not answer: ${(error as Error).message}`, fix)];
  }
  const reached = ok("control plane", `${peer} answers`);
  if (date === undefined) return [reached, warn("clock", "not tested: the answer has no date", "")];
  const offMs = clock.nowMs() - Date.parse(date);
  const seconds = Math.round(offMs / 1000);
  return [
    reached,
    Math.abs(offMs) <= TOLERANCE_MS
      ? ok("clock", `within ${TOLERANCE_MS / 1000} s of the control plane's`)
      : warn(
          "clock",
          `${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the control plane's`,
          "set up time synchronisation (chrony, systemd-timesyncd)",
        ),
  ];
}

function dateOf(peer: string, signal?: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const session = connect(`https://${peer}`, { rejectUnauthorized: false, servername: CONTROL_SERVER_NAME });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      session.destroy();
      settle();
    };
    const abort = (): void => end(() => reject(signal!.reason as Error));
    const timer = setTimeout(() => end(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`))), TIMEOUT_MS);
    signal?.addEventListener("abort", abort, { once: true });
    session.once("error", (error) => end(() => reject(error)));
    const request = session.request({ ":path": "/" });
    // The session's own error says why; the request only knows that it was cancelled.
    request.once("error", (error) => end(() => reject(error.cause ?? error)));
    request.once("response", (headers) => end(() => resolve(headers.date)));
    request.end();
  });
}
