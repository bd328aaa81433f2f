import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import { readControlTime } from "@warren/common/rpc/control-time.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { spanText } from "@warren/common/runtime/clock-difference.ts";
import { fail, ok, warn } from "./check-result.ts";
import type { Check } from "./doctor.ts";

/** An HTTP date has whole seconds, and a certificate tolerates nothing before its first one. */
const TOLERANCE_MS = 10_000;
/** Certificates are issued an hour into the past: with a clock that is further off, nothing connects any more. */
const FATAL_MS = 3_600_000;

/**
 * Whether the control plane answers, and how its clock and ours compare, by the `date` of its answer. No identity is
 * shown and none is checked: this is a diagnosis, and nothing secret is sent.
 */
export async function checkControl(address: string, clock: Clock, signal?: AbortSignal): Promise<Check[]> {
  const peer = formatEndpoint(parseEndpoint(address));
  let controlMs: number;
  try {
    controlMs = await readControlTime(address, () => {}, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const { message } = error as Error;
    if (message.includes("what time it is"))
      return [ok("control plane", `${peer} answers`), warn("clock", "not tested: the answer has no date", "")];
    const why = message.slice(message.indexOf("does not answer"));
    const fix = "start it, or check the address, the route and the firewall (TCP)";
    return [fail("control plane", `${peer} ${why}`, fix)];
  }
  return [ok("control plane", `${peer} answers`), checkClock(clock.nowMs() - controlMs)];
}

function checkClock(offMs: number): Check {
  if (Math.abs(offMs) <= TOLERANCE_MS) return ok("clock", `within ${TOLERANCE_MS / 1000} s of the control plane's`);
  const difference = `${spanText(Math.abs(offMs))} ${offMs > 0 ? "ahead of" : "behind"} the control plane's`;
  const fix = "set it, and set up time synchronisation (chrony, systemd-timesyncd)";
  return Math.abs(offMs) < FATAL_MS
    ? warn("clock", difference, fix)
    : fail("clock", `${difference}: certificates do not hold`, fix);
}
