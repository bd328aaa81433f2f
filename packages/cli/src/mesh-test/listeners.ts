import type { Clock } from "@warren/common/runtime/clock.ts";
import { tryAsk } from "./answer.ts";
import { atMostAtOnce } from "./at-most-at-once.ts";
import { ASKED_AT_ONCE } from "./limits.ts";
import type { MeshAsk } from "./mesh-ask.ts";
import type { ProbeEnd } from "./probe.ts";

/** For how long a node answers probes once it was asked to. Nobody needs to end it: it ends by itself. */
const LISTEN_SECONDS = 60;
/** After which it is asked anew, so that no probe meets a listener that just ended. */
const RENEW_AFTER_MS = 30_000;

export interface Listener {
  /** 0 when nothing could be opened; then `error` says why. */
  readonly port: number;
  readonly error: string;
}

/** Has the ends answer probes of a session for as long as it is used: asked when first needed, and again in time. */
export class Listeners {
  readonly #mesh: MeshAsk;
  readonly #session: string;
  readonly #ends: readonly ProbeEnd[];
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #opened: Promise<ReadonlyMap<ProbeEnd, Listener>> | null = null;
  #openedMs = 0;

  constructor(mesh: MeshAsk, session: string, ends: readonly ProbeEnd[], clock: Clock, signal: AbortSignal) {
    this.#mesh = mesh;
    this.#session = session;
    this.#ends = ends;
    this.#clock = clock;
    this.#signal = signal;
  }

  current(): Promise<ReadonlyMap<ProbeEnd, Listener>> {
    const now = this.#clock.monotonicMs();
    if (this.#opened === null || now - this.#openedMs > RENEW_AFTER_MS) {
      this.#openedMs = now;
      this.#opened = this.#open();
    }
    return this.#opened;
  }

  async #open(): Promise<ReadonlyMap<ProbeEnd, Listener>> {
    const byNode = [...Map.groupBy(this.#ends, ({ node }) => node)];
    const opened = await atMostAtOnce(ASKED_AT_ONCE, byNode, ([node, ends]) => this.#openOn(node, ends));
    return new Map(opened.flat());
  }

  async #openOn(node: string, ends: readonly ProbeEnd[]): Promise<[ProbeEnd, Listener][]> {
    const places = ends.map(({ place }) => place);
    const task = { do: "listen", session: this.#session, places, seconds: LISTEN_SECONDS } as const;
    const { result, error } = await tryAsk(this.#mesh, node, task, this.#signal);
    return ends.map((end, index) => {
      const listener = result?.listeners[index];
      const why = listener?.error ?? error?.message ?? "no result";
      return [end, { port: listener?.port ?? 0, error: why }];
    });
  }
}
