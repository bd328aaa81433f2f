import type { Arena } from "../dataplane/arena.ts";
import { DROP } from "../dataplane/counters.ts";
import type { Egress, Sealer } from "../dataplane/egress.ts";
import { type Opener, refusal } from "../dataplane/sealed-ingress.ts";
import { AF_INET, SOCKADDR_BYTES, sockaddrLength } from "../route/sockaddr.ts";
import { EXPIRED, FORGED, REPLAYED, type ReceiveSessions, UNKNOWN_SESSION } from "../secure/receive-sessions.ts";
import type { SendSessions } from "../secure/send-sessions.ts";
import type { Endpoint, Session } from "../secure/session.ts";

/** What a side of the packet path tells of sessions, besides what it does. */
export interface SealingNews {
  wanted(slot: number): void;
  lost(slot: number): void;
  confirmed(localIndex: number): void;
  roamed(localIndex: number, from: Endpoint): void;
  /** The message is the receiver's to keep. False: too many wait already. */
  handshake(message: Uint8Array<ArrayBuffer>, from: Endpoint): boolean;
}

/** What the host tells a side. A key that is none of the side's business is empty. */
export type SessionOrder =
  | { readonly type: "install"; readonly session: Session }
  | { readonly type: "use"; readonly localIndex: number; readonly slot: number }
  | { readonly type: "forget"; readonly localIndex: number }
  | { readonly type: "keepalive"; readonly slot: number }
  | { readonly type: "redirect"; readonly slot: number; readonly endpoint: Endpoint }
  | { readonly type: "discard"; readonly slot: number };

/** Egress's view of the sessions to send with. */
export function createSealer(sessions: SendSessions, now: () => number, news: SealingNews): Sealer {
  return {
    seal(slot, at, stride, count, length, last, nowMs) {
      const sealed = sessions.seal(slot, at, stride, count, length, last, nowMs);
      if (sealed > 0 && sessions.isWorn(slot)) news.wanted(slot);
      return sealed;
    },
    now,
    wanted: (slot) => news.wanted(slot),
  };
}

const REFUSALS: Readonly<Record<number, number>> = {
  [UNKNOWN_SESSION]: refusal(DROP["unknown-session"]),
  [EXPIRED]: refusal(DROP["unknown-session"]),
  [FORGED]: refusal(DROP.forged),
  [REPLAYED]: refusal(DROP.replayed),
};

/** How often a lost session is told of, for each peer: whoever can send can cause it. */
const LOST_EVERY_MS = 1_000;

/** Sealed ingress's view of the sessions to receive with. */
export function createOpener(
  sessions: ReceiveSessions,
  { bytes }: Arena,
  now: () => number,
  news: SealingNews,
): Opener {
  const toldMs = new Map<number, number>();
  const endpointAt = (name: number): Endpoint => {
    const endpoint = new Uint8Array(SOCKADDR_BYTES);
    endpoint.set(bytes.subarray(name, name + sockaddrLength(bytes, name)));
    // Flow information is no part of where somebody is.
    if (bytes[name] !== AF_INET) endpoint.fill(0, 4, 8);
    return endpoint;
  };
  return {
    open(at, length, nowMs) {
      const slot = sessions.open(at, length, nowMs);
      return slot >= 0 ? slot : REFUSALS[slot]!;
    },
    now,
    heard(name) {
      if (sessions.takeConfirmed()) news.confirmed(sessions.lastIndex);
      if (!sessions.endpointChanged(name)) return;
      sessions.noteEndpoint(name);
      news.roamed(sessions.lastIndex, endpointAt(name));
    },
    lost: (slot) => {
      const nowMs = now();
      if (nowMs < (toldMs.get(slot) ?? 0) + LOST_EVERY_MS) return;
      toldMs.set(slot, nowMs);
      news.lost(slot);
    },
    handshake: (at, length, name) => news.handshake(bytes.slice(at, at + length), endpointAt(name)),
  };
}

/** The sides that one thread has; either may be absent. */
export interface SealingSides {
  readonly send?: { readonly egress: Egress; readonly sessions: SendSessions } | undefined;
  readonly receive?: ReceiveSessions | undefined;
}

/** Does what the host orders. Only between two calls of a pipeline's `run`. */
export function obeyOrder({ send, receive }: SealingSides, order: SessionOrder): void {
  switch (order.type) {
    case "install":
      receive?.install(order.session);
      send?.sessions.install(order.session);
      return;
    case "use":
      send?.sessions.use(order.localIndex);
      send?.egress.release(order.slot);
      return;
    case "forget":
      receive?.forget(order.localIndex);
      send?.sessions.forget(order.localIndex);
      return;
    case "keepalive":
      send?.egress.keepalive(order.slot);
      return;
    case "redirect":
      send?.egress.redirect(order.slot, order.endpoint);
      return;
    case "discard":
      send?.egress.discard(order.slot);
      return;
  }
}
