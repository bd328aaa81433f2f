import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import { sleep } from "../control-client/retry.ts";
import type { HostNetwork, UnderlayInterface } from "../host/host-network.ts";

/** The setting that has the agent find the address by itself, and follow it. */
export const AUTO = "auto";

/** How often it is looked whether the address is still there: some microseconds. */
const LOOK_MS = 3_000;
/** How often the interface itself is looked at, which starts a program: for its MTU, and its prefix length. */
const LOOK_CLOSELY_EVERY = 10;
/** How long a change that is over is told. */
const MOVED_TOLD_MS = 300_000;

/** Where this host is on the underlay. */
export interface Underlay {
  readonly address: string;
  readonly interface: UnderlayInterface;
}

export interface UnderlayMove {
  readonly from: string;
  readonly to: string;
  readonly interface: string;
  readonly atMs: number;
}

type FindOptions = { readonly host: HostNetwork; readonly configured: string; readonly control: string };

/**
 * The underlay address at a start. @param last the one that the node had when it ran last: good for `auto` where the way to
 * the control plane cannot be found
 * @throws `address-not-local`, `unavailable`, `config-invalid`
 */
export async function findUnderlay(options: FindOptions, last: string | null): Promise<Underlay> {
  const { host, configured, control } = options;
  let address = configured;
  if (configured === AUTO) {
    try {
      address = await host.sourceTo(control, last ?? undefined);
    } catch (error) {
      if (last === null || !host.hasAddress(last)) throw error;
      address = last;
    }
  }
  return { address, interface: await host.underlay(address) };
}

export interface UnderlayFollowerOptions extends FindOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The node is at another place, or at the same one again. What it throws is shown, and tried again. */
  readonly onMoved: (underlay: Underlay) => Promise<void>;
}

/**
 * Watches the underlay address while the agent runs: a lease of DHCP that is another, a laptop in another network, an address
 * that somebody takes away. With `auto` the node goes where the way to the control plane begins; with a fixed address it waits
 * for that to come back, and says so.
 */
export class UnderlayFollower {
  readonly #options: UnderlayFollowerOptions;
  #now: Underlay;
  #fault: WarrenError | null = null;
  #moved: UnderlayMove | null = null;
  #looks = 0;

  constructor(options: UnderlayFollowerOptions, first: Underlay) {
    this.#options = options;
    this.#now = first;
  }

  get underlay(): Underlay {
    return this.#now;
  }

  /** Why this host cannot be where it should be on the underlay; null when all is well. */
  get fault(): WarrenError | null {
    return this.#fault;
  }

  /** The last change of the address, for as long as it is news. */
  get moved(): UnderlayMove | null {
    const { clock } = this.#options;
    return this.#moved && clock.nowMs() - this.#moved.atMs < MOVED_TOLD_MS ? this.#moved : null;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.clock, LOOK_MS, signal);
      if (!signal.aborted) await this.look();
    }
  }

  /** Looks now. Never throws. */
  async look(): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#look();
      if (this.#fault) logger.info({ address: this.#now.address }, "the underlay address is good again");
      this.#fault = null;
    } catch (thrown) {
      const error = WarrenError.from(thrown);
      if (this.#fault?.message !== error.message)
        logger.warn({ err: error }, "this host is not where it should be on the underlay");
      this.#fault = error;
    }
  }

  async #look(): Promise<void> {
    const { host, clock, logger, onMoved } = this.#options;
    const before = this.#now;
    const address = await this.#wanted();
    const isHere = host.hasAddress(address);
    const closely = ++this.#looks % LOOK_CLOSELY_EVERY === 0;
    if (isHere && address === before.address && !this.#fault && !closely) return;
    if (!isHere) throw await this.#gone(address);
    const now = { address, interface: await host.underlay(address) };
    const isSame = JSON.stringify(now) === JSON.stringify(before);
    if (isSame && !this.#fault) return;
    this.#now = now;
    if (address !== before.address) {
      const { name } = now.interface;
      this.#moved = { from: before.address, to: address, interface: name, atMs: clock.nowMs() };
      logger.warn({ from: before.address, to: address, interface: name }, "the underlay address has changed");
    }
    await onMoved(now);
  }

  /** With `auto` the address it has stays good for as long as nothing says where the way to the control plane begins. */
  async #wanted(): Promise<string> {
    const { host, configured, control } = this.#options;
    if (configured !== AUTO) return configured;
    try {
      return await host.sourceTo(control, this.#now.address);
    } catch (error) {
      if (host.hasAddress(this.#now.address)) return this.#now.address;
      const { message } = WarrenError.from(error);
      throw new WarrenError(
        "address-not-local",
        `the underlay address ${this.#now.address} is gone and there is no other, nothing is sent or received: ${message}; ` +
          "the agent goes on by itself as soon as this host has a way to the control plane",
      );
    }
  }

  async #gone(address: string): Promise<WarrenError> {
    const found = await this.#options.host.underlay(address).then(
      ({ name }) => `the underlay address ${address} is on ${name}, which is down`,
      (error: Error) => error.message,
    );
    return new WarrenError(
      "address-not-local",
      `${found}; nothing is sent or received: put the address back, and the agent goes on by itself, or restart it with ` +
        "underlay: auto, which follows",
    );
  }
}
