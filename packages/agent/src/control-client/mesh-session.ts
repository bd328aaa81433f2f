import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshClient } from "@warren/common/rpc/channel.ts";
import type { IdentityClone, RegisterRequest, RegisterResponse } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { CLOCK_TOLERANCE_MS, clockOff } from "@warren/common/runtime/clock-difference.ts";
import type { Logger } from "pino";
import { applyUpdate, type Netmap } from "./netmap.ts";
import { backoffMs, retryWhile, retryWhileUnavailable, sleep } from "./retry.ts";

export interface MeshSessionOptions {
  readonly connect: () => MeshClient;
  /** How far this host's clock is ahead of the control plane's, asked beside the connection that it may be in the way of. */
  readonly askClock: (signal: AbortSignal) => Promise<number>;
  /** This run of the agent, as in every registration. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** What to register as; asked anew for every try. */
  readonly registration: () => RegisterRequest;
  readonly podCount: () => number;
  /** The control plane granted or confirmed the lease. */
  readonly onRegistered: (response: RegisterResponse) => Promise<void>;
  /** A newer netmap; resolves when the data plane uses it. */
  readonly onNetmap: (netmap: Netmap) => Promise<void>;
  /** All that is known is as of now. */
  readonly onConfirmed: () => void;
  /** How often the control plane wants a report; 0: not at all, or it does not answer. */
  readonly onReportInterval: (intervalMs: number) => void;
  /** The node may not forward any more, until it is registered again: `FENCING`. */
  readonly onFenced: (error: WarrenError) => Promise<void>;
}

/** Errors after which this node's pod CIDRs may be another's. A node that has its lease is never told `pool-exhausted`. */
const FENCING: readonly string[] = ["lease-lost", "node-revoked", "pool-exhausted", "identity-in-use"];
/**
 * How long a start waits for whoever has this node's identity to be gone: after a power cut the control plane takes its
 * liveness time, 15 s, to notice that the run before is over.
 */
const IDENTITY_PATIENCE_MS = 20_000;
/** How long until the next try when the control plane answered, and the answer was no. */
const REFUSED_RETRY_MS = 15_000;
const DEFAULT_HEARTBEAT_MS = 5_000;
/** What either side says of a certificate that is not in its time. */
const DATES = /certificate.*(expired|not (yet )?valid)/i;

/**
 * The conversation with the control plane, for as long as the agent runs:
 *
 *     register ──▶ watch the netmap ┐ either fails
 *        ▲         heartbeat        ┘──────────────▶ back off ──┐
 *        └──────────────────────────────────────────────────────┘
 *
 * After a break it registers again (the same lease comes back) and resumes the watch from the revision it has.
 */
export class MeshSession {
  readonly #options: MeshSessionOptions;
  #stop = new AbortController();
  #isClosed = false;
  #client: MeshClient | null = null;
  #netmap: Netmap | null;
  /** Whose revision the netmap has; not known of one from the disk, which a snapshot replaces. */
  #generation = "";
  #registered: RegisterResponse | null = null;
  /** Resolves when the registrations that were begun are over; null when they are. */
  #registering: Promise<void> | null = null;
  #running: Promise<void> | null = null;
  /** Ends the current watch and heartbeat, not the session. */
  #current: AbortController | null = null;
  /** Ends what is under way over the present connection, and the pause after it. */
  #connection = new AbortController();
  #attempt = 0;
  #error: WarrenError | null = null;
  #connected = false;
  #clockOffMs = 0;
  #clone: IdentityClone | null = null;
  #heard = Promise.withResolvers<void>();

  /** @param netmap what is known already, from the disk */
  constructor(options: MeshSessionOptions, netmap: Netmap | null) {
    this.#options = options;
    this.#netmap = netmap;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** The last error; null while connected. */
  get error(): WarrenError | null {
    return this.#error;
  }

  /** How far the clock of this host is ahead of the control plane's, when that is worth a word; 0 otherwise. */
  get clockOffMs(): number {
    return Math.abs(this.#clockOffMs) > CLOCK_TOLERANCE_MS ? this.#clockOffMs : 0;
  }

  /** Who else tried to be this node a short while ago; null when nobody did. */
  get clone(): IdentityClone | null {
    return this.#clone;
  }

  /** Resolves with the answer to the next heartbeat, when it is known what time it is. */
  get nextHeartbeat(): Promise<void> {
    return this.#heard.promise;
  }

  /** The client, for calls beside the session's own. */
  get client(): MeshClient {
    this.#client ??= this.#options.connect();
    return this.#client;
  }

  /**
   * Registers for the first time. With a netmap from disk one try is enough, and an unreachable control plane is no
   * error: returns false. An identity that is in use is waited for. Throws what the control plane refused with.
   */
  async open(signal?: AbortSignal): Promise<boolean> {
    const both = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    try {
      const retry = { ...this.#options, signal: both };
      const register = (): Promise<void> => this.#registerFirst(both);
      const tryOnce = (): Promise<void> => retryWhile(retry, "identity-in-use", IDENTITY_PATIENCE_MS, register);
      if (this.#netmap) await tryOnce();
      else await retryWhileUnavailable(retry, tryOnce);
      return true;
    } catch (thrown) {
      // A call that was ended from here says nothing about the control plane.
      if (both.aborted) throw thrown;
      const error = await this.#explain(WarrenError.from(thrown), both);
      if (!this.#netmap || !isSilence(error)) throw error;
      this.#lost(error);
      return false;
    }
  }

  /** One try of a start. Whoever was refused once is refused for as long as nobody says otherwise: silence does not. */
  async #registerFirst(signal: AbortSignal): Promise<void> {
    const refused = this.#error?.code === "identity-in-use" ? this.#error : null;
    try {
      await this.#register(signal);
      this.#error = null;
    } catch (thrown) {
      const error = WarrenError.from(thrown);
      if (refused && isSilence(error)) throw refused;
      if (!refused && error.code === "identity-in-use") {
        this.#error = error;
        const patienceSeconds = IDENTITY_PATIENCE_MS / 1000;
        this.#options.logger.warn({ err: error, patienceSeconds }, "this node's identity is in use, waiting for it");
      }
      throw thrown;
    }
  }

  /** Watches and beats in the background until `close`, after which it does nothing. */
  run(): void {
    if (this.#isClosed) return;
    if (this.#stop.signal.aborted) this.#stop = new AbortController();
    this.#running ??= this.#loop();
  }

  /**
   * Tells the control plane that this node goes. The conversation ends first: a heartbeat that overtook would bring the
   * node back. When the control plane does not take it, the conversation goes on and the error is thrown.
   */
  async leave(release: boolean): Promise<void> {
    await this.#halt();
    try {
      await this.client.leave({ release, instance: this.#options.instance });
    } catch (error) {
      this.run();
      throw error;
    }
  }

  /**
   * Registers anew beside the conversation, because there is something new to tell. When that fails it throws, and the
   * conversation makes up for it: it goes back to its beginning.
   */
  async registerAgain(): Promise<void> {
    try {
      await this.#register(AbortSignal.any([this.#connection.signal, this.#stop.signal]));
    } catch (error) {
      this.#current?.abort();
      throw error;
    }
  }

  /** Connects and registers anew, now: with a new certificate, from another address, or because time has stood still. */
  reconnect(): void {
    const [client, connection] = [this.#client, this.#connection];
    this.#client = null;
    this.#connection = new AbortController();
    this.#attempt = 0;
    // By a clock that may have been set since: the next heartbeat tells.
    this.#clockOffMs = 0;
    connection.abort(new WarrenError("unavailable", "connecting anew"));
    client?.close();
  }

  /** Ends a leave that is under way, too. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#halt();
    this.#client?.close();
    this.#client = null;
  }

  async #halt(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#running = null;
    this.#connected = false;
  }

  async #loop(): Promise<void> {
    const { clock, random } = this.#options;
    while (!this.#stop.signal.aborted) {
      const connection = this.#connection.signal;
      const signal = AbortSignal.any([connection, this.#stop.signal]);
      let error: WarrenError | null = null;
      try {
        if (!this.#registered) await this.#register(signal);
        await this.#follow(signal);
      } catch (thrown) {
        error = await this.#explain(WarrenError.from(thrown), signal);
      }
      this.#registered = null;
      if (this.#stop.signal.aborted) return;
      // What a connection ended with that was given up here says nothing of the control plane.
      if (!error || connection.aborted) continue;
      this.#lost(error);
      if (FENCING.includes(error.code)) await this.#fence(error);
      const wait = isSilence(error) ? backoffMs(this.#attempt++, random()) : REFUSED_RETRY_MS * (0.5 + random());
      await sleep(clock, wait, signal);
    }
  }

  /** What is said of dates is for nobody to act on; how far the clock is off is. */
  async #explain(error: WarrenError, signal: AbortSignal): Promise<WarrenError> {
    if (!DATES.test(error.message) || signal.aborted) return error;
    try {
      this.#clockOffMs = await this.#options.askClock(signal);
    } catch {
      return error;
    }
    return this.clockOffMs === 0 ? error : clockOff(this.#clockOffMs, error);
  }

  /** One that fails is tried again: the next registration is refused as this one was. */
  async #fence(error: WarrenError): Promise<void> {
    try {
      await this.#options.onFenced(error);
    } catch (thrown) {
      this.#options.logger.error({ err: WarrenError.from(thrown) }, "forwarding could not be closed; trying again");
    }
  }

  /** One after the other: of two that are on their way, the control plane could take the older one last. */
  #register(signal: AbortSignal): Promise<void> {
    const before = this.#registering;
    const mine = before ? before.then(() => this.#registerNow(signal)) : this.#registerNow(signal);
    const over = mine
      .catch(() => {})
      .then(() => {
        if (this.#registering === over) this.#registering = null;
      });
    this.#registering = over;
    return mine;
  }

  async #registerNow(signal: AbortSignal): Promise<void> {
    const request = this.#options.registration();
    let response = await this.client.register(request, signal);
    // The first time a node does not know yet on which port its cluster talks.
    const { port } = response.cluster;
    if (request.port !== port) response = await this.client.register({ ...request, port }, signal);
    await this.#options.onRegistered(response);
    this.#registered = response;
  }

  /** Lasts until the watch or the heartbeat fails, `reconnect` or `close`. */
  async #follow(over: AbortSignal): Promise<void> {
    const current = new AbortController();
    this.#current = current;
    const signal = AbortSignal.any([current.signal, over]);
    let first: unknown = null;
    const end = (thrown: unknown): void => {
      if (!signal.aborted) first ??= thrown;
      current.abort();
    };
    await Promise.all([this.#watch(signal).catch(end), this.#beat(signal).catch(end)]);
    this.#options.onReportInterval(0);
    if (first !== null) throw first;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    try {
      const { instance } = this.#options;
      const request = { after_revision: this.#netmap?.revision ?? 0, generation: this.#generation, instance };
      for await (const update of this.client.watchNetmap(request, signal)) {
        if (signal.aborted) return;
        this.#netmap = applyUpdate(this.#netmap, update);
        this.#generation = update.generation;
        await this.#options.onNetmap(this.#netmap);
        this.#confirmed();
      }
    } catch (error) {
      // The history we would resume from is gone: the next watch begins with a snapshot. Until then the old map is used.
      if (error instanceof WarrenError && error.code === "compacted") this.#netmap = null;
      throw error;
    }
    if (!signal.aborted) throw new WarrenError("unavailable", "the control plane ended the watch of the netmap");
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { clock, random, podCount, instance } = this.#options;
    const { self, heartbeat_interval_ms } = this.#registered!;
    const interval = heartbeat_interval_ms || DEFAULT_HEARTBEAT_MS;
    while (!signal.aborted) {
      const applied_revision = this.#netmap?.revision ?? 0;
      const request = { epoch: self.epoch, applied_revision, pods: podCount(), instance };
      const response = await this.client.heartbeat(request, signal);
      this.#clone = response.clone ?? null;
      this.#clockOffMs = clock.nowMs() - response.control_time_ms;
      this.#options.onReportInterval(response.report_interval_ms);
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
      this.#confirmed();
      await sleep(clock, interval * (0.9 + 0.2 * random()), signal);
    }
  }

  #confirmed(): void {
    if (!this.#connected) this.#options.logger.info("connected to the control plane");
    this.#connected = true;
    this.#error = null;
    this.#attempt = 0;
    this.#options.onConfirmed();
  }

  #lost(error: WarrenError): void {
    // What ends forwarding is told by whoever ends it.
    if ((this.#connected || this.#error?.message !== error.message) && !FENCING.includes(error.code))
      this.#options.logger.warn({ err: error }, "not connected to the control plane, forwarding goes on");
    this.#connected = false;
    this.#error = error;
  }
}

/** True when nobody answered, or not to the point, as opposed to an answer that says no. */
function isSilence(error: WarrenError): boolean {
  return error.retryable && !FENCING.includes(error.code);
}
