import { readU32Le, TRANSPORT, writeU32Le } from "@warren/common/wire/wireguard.ts";
import {
  type Activity,
  type Endpoint,
  PER_SLOT,
  RECEIVED,
  RECEIVED_PACKET,
  SENT,
  SENT_PACKET,
  type Session,
  type SessionEvents,
  type SessionPath,
} from "../session.ts";

/** Packets that wait for a session with one peer; the oldest is dropped. */
const STAGE = 128;

/** What a path did wrong is kept here, so that a test sees it wherever it happened. */
export interface Faults {
  readonly found: string[];
}

interface Held extends Session {
  counter: number;
  readonly seen: Set<number>;
  confirmed: boolean;
}

/**
 * The packet path without a cipher: what is "sealed" is the key itself, laid open, so that whoever "opens" it can see
 * whether both sides hold the same. It keeps to the rules of `SessionPath` and reports where the core does not.
 *
 *     0  4, 0 0 0   4  receiver index   8  counter, 4 bytes   12  number of the packet, 0 is a keepalive   16  key, 32
 */
export class FakeSessionPath implements SessionPath {
  /** Everything the core asked for, as text, in order. */
  readonly calls: string[] = [];
  readonly activity: Activity;
  readonly received: number[] = [];
  /** Packets that came when there was no session for them any more, or never was one. */
  lost = 0;
  /** Packets that waited in vain. */
  discarded = 0;
  events!: SessionEvents;

  readonly #sessions = new Map<number, Held>();
  readonly #inUse = new Map<number, Held>();
  readonly #waiting = new Map<number, number[]>();
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #deps: {
    readonly now: () => number;
    readonly send: (to: Endpoint, message: Uint8Array) => void;
    readonly faults: Faults;
  };
  readonly #usedKeys = new Set<string>();

  constructor(deps: {
    readonly now: () => number;
    readonly send: (to: Endpoint, message: Uint8Array) => void;
    readonly faults: Faults;
    readonly slots: number;
  }) {
    this.#deps = deps;
    this.activity = new Float64Array(deps.slots * PER_SLOT);
  }

  install(session: Session): void {
    this.#note(`install ${session.slot}`);
    if (this.#sessions.has(session.localIndex)) this.#fault("two sessions with one index");
    const key = hex(session.sendKey);
    if (this.#usedKeys.has(key)) this.#fault("one key for two sessions");
    this.#usedKeys.add(key);
    this.#sessions.set(session.localIndex, { ...session, counter: 0, seen: new Set(), confirmed: false });
  }

  use(localIndex: number): void {
    const session = this.#installed(localIndex);
    if (session === undefined) return;
    this.#note(`use ${session.slot}`);
    this.#inUse.set(session.slot, session);
    const waiting = this.#waiting.get(session.slot) ?? [];
    this.#waiting.delete(session.slot);
    for (const packet of waiting) this.#seal(session, packet);
  }

  forget(localIndex: number): void {
    const session = this.#installed(localIndex);
    if (session === undefined) return;
    this.#note(`forget ${session.slot}`);
    this.#sessions.delete(localIndex);
    if (this.#inUse.get(session.slot) === session) this.#inUse.delete(session.slot);
  }

  keepalive(slot: number): void {
    this.#note(`keepalive ${slot}`);
    const session = this.#usable(slot);
    if (session !== undefined) this.#seal(session, 0);
  }

  redirect(slot: number, endpoint: Endpoint): void {
    this.#note(`redirect ${slot}`);
    this.#endpoints.set(slot, endpoint);
  }

  discard(slot: number): void {
    this.#note(`discard ${slot}`);
    this.discarded += this.#waiting.get(slot)?.length ?? 0;
    this.#waiting.delete(slot);
  }

  send(endpoint: Endpoint, message: Uint8Array): void {
    this.#note(`send ${message[0]}`);
    this.#deps.send(endpoint, new Uint8Array(message));
  }

  /** A packet for the peer comes out of the TUN device. */
  packet(slot: number, number: number): void {
    const session = this.#usable(slot);
    if (session !== undefined) {
      this.#seal(session, number);
      return;
    }
    const waiting = this.#waiting.get(slot) ?? [];
    this.#waiting.set(slot, waiting);
    if (waiting.push(number) > STAGE) {
      waiting.shift();
      this.discarded++;
    }
    this.events.wanted(slot, this.#deps.now());
  }

  /** A datagram comes out of the UDP socket. */
  datagram(message: Uint8Array, from: Endpoint): void {
    const nowMs = this.#deps.now();
    if (message[0] !== TRANSPORT) this.events.handshake(message, from, nowMs);
    else this.#open(message, from, nowMs);
  }

  /** The session that seals for the peer. */
  inUse(slot: number): Session | undefined {
    return this.#usable(slot);
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  waiting(slot: number): number {
    return this.#waiting.get(slot)?.length ?? 0;
  }

  /** Nothing may be kept for longer than the paper allows. */
  checkAges(): void {
    for (const session of this.#sessions.values()) {
      if (this.#deps.now() > session.rejectAfterMs + 360_000) this.#fault("a key older than 540 s");
    }
  }

  #open(message: Uint8Array, from: Endpoint, nowMs: number): void {
    const session = this.#sessions.get(readU32Le(message, 4));
    const packet = readU32Le(message, 12);
    if (session === undefined || nowMs >= session.rejectAfterMs) {
      if (packet !== 0) this.lost++;
      return;
    }
    if (hex(message.subarray(16)) !== hex(session.receiveKey)) this.#fault("the two sides hold different keys");
    const counter = readU32Le(message, 8);
    if (session.seen.has(counter)) return;
    session.seen.add(counter);
    this.#write(session.slot, nowMs, RECEIVED);
    if (packet !== 0) {
      this.#write(session.slot, nowMs, RECEIVED_PACKET);
      this.received.push(packet);
    }
    if (!session.confirmed) {
      session.confirmed = true;
      this.events.confirmed(session.localIndex, nowMs);
    }
    if (hex(this.#endpoints.get(session.slot) ?? from) !== hex(from)) {
      this.events.roamed(session.localIndex, from, nowMs);
    }
  }

  #usable(slot: number): Held | undefined {
    const session = this.#inUse.get(slot);
    return session !== undefined && this.#deps.now() < session.rejectAfterMs ? session : undefined;
  }

  #seal(session: Held, packet: number): void {
    const to = this.#endpoints.get(session.slot);
    if (to === undefined) {
      this.#fault("a session with a peer that is nowhere");
      return;
    }
    const message = new Uint8Array(48);
    writeU32Le(message, 0, TRANSPORT);
    writeU32Le(message, 4, session.remoteIndex);
    writeU32Le(message, 8, session.counter++);
    writeU32Le(message, 12, packet);
    message.set(session.sendKey, 16);
    this.#write(session.slot, this.#deps.now(), SENT);
    if (packet !== 0) this.#write(session.slot, this.#deps.now(), SENT_PACKET);
    this.#deps.send(to, message);
  }

  #write(slot: number, nowMs: number, which: number): void {
    this.activity[slot * PER_SLOT + which] = nowMs;
  }

  #installed(localIndex: number): Held | undefined {
    const session = this.#sessions.get(localIndex);
    if (session === undefined) this.#fault("a session used or forgotten that was not installed");
    return session;
  }

  #note(call: string): void {
    this.calls.push(call);
  }

  #fault(text: string): void {
    this.#deps.faults.found.push(`${text}, at ${this.#deps.now()} ms`);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
