import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import {
  COOKIE_REPLY,
  COOKIE_REPLY_RECEIVER,
  INITIATION,
  RESPONSE,
  RESPONSE_RECEIVER,
  readU32Le,
  TRANSPORT,
  wireGuardType,
} from "@warren/common/wire/wireguard.ts";
import { FUTURE_MS, type GreatestTimestamps, toBase64 } from "./greatest-timestamps.ts";
import type { Random } from "./handshake/cookie-maker.ts";
import { createInitiation, openResponse } from "./handshake/initiator.ts";
import { createResponse, openInitiation } from "./handshake/responder.ts";
import { NO_PSK, type SessionKeys } from "./handshake/session-keys.ts";
import { tai64n } from "./handshake/tai64n.ts";
import { createHandshakeCounters, type Refusal } from "./handshake-counters.ts";
import { HandshakeGuard } from "./handshake-guard.ts";
import type { IndexTable } from "./index-table.ts";
import type { OwnKey, OwnKeys } from "./own-keys.ts";
import type { Peer } from "./peer.ts";
import type { PeerBook } from "./peer-book.ts";
import type { Endpoint, SessionPath } from "./session.ts";
import type { HeldSession } from "./session-set.ts";
import { INITIATION_SPACING_MS, REJECT_AFTER_MS } from "./timings.ts";

/** Two timestamps of initiations to one peer are at least this far apart, which is more than `tai64n` cuts off. */
const STAMP_STEP_MS = 17;

export interface ExchangeParts {
  readonly path: SessionPath;
  readonly peers: PeerBook;
  readonly indices: IndexTable<Peer>;
  readonly timestamps: GreatestTimestamps;
  readonly random: Random;
  readonly wallMs: () => number;
  /** Initiations a second from which on cookies are asked for. */
  readonly handshakesPerSecond: number;
  /** The peer's initiation was taken: its timestamp is the greatest, to be kept for the next start. */
  readonly onTimestamp: (key: string, timestamp: Uint8Array) => void;
}

/**
 * Handshake messages, out and in. What comes in is untrusted: checks go from the cheap to the costly, and nothing is kept
 * of a message before it has proved to be authentic.
 */
export class HandshakeExchange {
  /** Of messages of which no peer is known, or none yet. */
  readonly counters = createHandshakeCounters();
  readonly #parts: ExchangeParts;
  readonly #guard: HandshakeGuard;
  #keys: OwnKeys;

  constructor(parts: ExchangeParts, keys: OwnKeys) {
    this.#parts = parts;
    this.#keys = keys;
    this.#guard = new HandshakeGuard(keys, parts.random, parts.handshakesPerSecond);
  }

  setKeys(keys: OwnKeys): void {
    this.#keys = keys;
    this.#guard.setKeys(keys);
  }

  /**
   * Sends an initiation; one before it that was not answered is void.
   *
   * @returns false when there is nowhere to send it, or no secrets are to be had with the peer's public key
   */
  initiate(peer: Peer, nowMs: number): boolean {
    this.abandon(peer);
    const { endpoint } = peer;
    if (endpoint === null) return false;
    const { indices, path, random, wallMs } = this.#parts;
    const { publicKey, cipher } = peer.config;
    const { key: local, epoch: keyEpoch } = this.#keys.current;
    const localIndex = indices.take(peer);
    peer.stampMs = nextStamp(peer, wallMs());
    const timestamp = tai64n(peer.stampMs);
    const ephemeral = random(32);
    const created = createInitiation({ local, remotePublicKey: publicKey, cipher, localIndex, ephemeral, timestamp });
    if (created === null) {
      indices.release(localIndex);
      return false;
    }
    peer.pending = { handshake: created.pending, keyEpoch, forged: 0 };
    peer.cookies.stamp(created.message, nowMs);
    path.send(endpoint, created.message);
    peer.counters.initiationsSent++;
    return true;
  }

  /** The initiation that waits for its response, if any, waits no more. */
  abandon(peer: Peer): void {
    if (peer.pending === null) return;
    this.#parts.indices.release(peer.pending.handshake.localIndex);
    peer.pending.handshake.wipe();
    peer.pending = null;
  }

  forget(sessions: readonly HeldSession[]): void {
    for (const { localIndex } of sessions) {
      this.#parts.indices.release(localIndex);
      this.#parts.path.forget(localIndex);
    }
  }

  /** @returns the peer, when it had something authentic to say */
  receive(message: Uint8Array, from: Endpoint, nowMs: number): Peer | null {
    switch (wireGuardType(message, 0, message.length)) {
      case INITIATION:
        return this.#initiation(message, from, nowMs);
      case RESPONSE:
        return this.#response(message, from, nowMs);
      case COOKIE_REPLY:
        return this.#cookieReply(message, nowMs);
      case TRANSPORT:
      case 0:
        return this.#refuse("malformed");
    }
  }

  /** The peer was heard from there; only what is authentic may say so (paper §6.5). */
  heard(peer: Peer, from: Endpoint): void {
    const roams = peer.config.allowRoaming || peer.endpoint === null;
    if (!roams || (peer.endpoint !== null && Buffer.compare(peer.endpoint, from) === 0)) return;
    this.move(peer, new Uint8Array(from));
  }

  move(peer: Peer, endpoint: Endpoint): void {
    peer.endpoint = endpoint;
    this.#parts.path.redirect(peer.config.slot, endpoint);
  }

  #initiation(message: Uint8Array, from: Endpoint, nowMs: number): Peer | null {
    this.counters.initiationsReceived++;
    const own = this.#admit(message, from, nowMs, true);
    if (own === null) return null;
    const first = this.#open(own, message);
    if (first === null) return this.#refuse("not-authentic");
    const { opened, remotePublicKey, remoteIndex, timestamp, cipher } = first;

    const peer = this.#parts.peers.byKey(toBase64(remotePublicKey));
    const refusal = peer === undefined ? "unknown-peer" : this.#judge(peer, cipher, timestamp, nowMs);
    if (peer === undefined || refusal !== null) {
      opened.wipe();
      return this.#refuse(refusal!, peer, nowMs);
    }
    peer.counters.initiationsReceived++;
    peer.answeredMs = nowMs;
    peer.timers.handshakeReceived(nowMs);

    const { indices, path, random } = this.#parts;
    const localIndex = indices.take(peer);
    const psk = peer.config.psk ?? NO_PSK;
    const answer = createResponse({ opened, psk, localIndex, ephemeral: random(32) });
    if (answer === null) {
      indices.release(localIndex);
      return this.#refuse("not-authentic", peer, nowMs);
    }
    this.#parts.onTimestamp(peer.key, timestamp);
    this.heard(peer, from);
    const held = { localIndex, remoteIndex, cipher, keyEpoch: own.epoch, initiated: false, bornMs: nowMs };
    const gone = peer.sessions.answered({ ...held, identity: peer.identity });
    this.#install(peer, answer.keys, held);
    this.forget(gone);
    peer.cookies.stamp(answer.message, nowMs);
    path.send(peer.endpoint ?? from, answer.message);
    peer.counters.responsesSent++;
    peer.timers.responseSent(nowMs);
    return peer;
  }

  /** Under which cipher's name an initiation was made is told by nothing but that it opens. */
  #open(own: OwnKey, message: Uint8Array) {
    for (const cipher of SEALING_CIPHERS) {
      if (!this.#parts.peers.accepts(cipher)) continue;
      const first = openInitiation({ local: own.key, cipher, message });
      if (first !== null) return { ...first, cipher };
    }
    return null;
  }

  #judge(peer: Peer, cipher: SealingCipher, timestamp: Uint8Array, nowMs: number): Refusal | null {
    if (!peer.accepts(cipher)) return "cipher";
    if (nowMs - peer.answeredMs < INITIATION_SPACING_MS) return "flood";
    const verdict = this.#parts.timestamps.take(peer.key, timestamp, this.#parts.wallMs());
    return verdict === "new" ? null : verdict;
  }

  #response(message: Uint8Array, from: Endpoint, nowMs: number): Peer | null {
    const peer = this.#parts.indices.owner(readU32Le(message, RESPONSE_RECEIVER));
    const pending = peer?.pending;
    if (peer === undefined || pending == null) return this.#refuse("unknown-index");
    const { handshake, keyEpoch } = pending;
    if (handshake.localIndex !== readU32Le(message, RESPONSE_RECEIVER)) return this.#refuse("unknown-index");
    if (this.#admit(message, from, nowMs, pending.forged > 0) === null) return null;
    const { slot, cipher, psk } = peer.config;
    const keys = openResponse({ pending: handshake, psk: psk ?? NO_PSK, message });
    if (keys === null) {
      pending.forged++;
      return this.#refuse("not-authentic", peer, nowMs);
    }
    const { path } = this.#parts;
    peer.pending = null;
    peer.takenMs = peer.stampMs;
    peer.counters.responsesReceived++;
    peer.lastHandshakeMs = nowMs;
    peer.timers.handshakeReceived(nowMs);
    peer.timers.established();
    this.heard(peer, from);
    const { localIndex, remoteIndex } = keys;
    const held = { localIndex, remoteIndex, cipher, keyEpoch, initiated: true, bornMs: nowMs };
    const gone = peer.sessions.initiated({ ...held, identity: peer.identity });
    this.#install(peer, keys, held);
    path.use(localIndex);
    // Without it the peer, which may seal nothing before it has heard from us, would wait for our next packet.
    path.keepalive(slot);
    peer.timers.keepaliveSent(nowMs);
    this.forget(gone);
    return peer;
  }

  #cookieReply(message: Uint8Array, nowMs: number): Peer | null {
    const peer = this.#parts.indices.owner(readU32Le(message, COOKIE_REPLY_RECEIVER));
    if (peer === undefined) return this.#refuse("unknown-index");
    if (!peer.cookies.take(message, nowMs)) return this.#refuse("not-authentic", peer, nowMs);
    peer.counters.cookieRepliesReceived++;
    return peer;
  }

  #install(
    peer: Peer,
    keys: SessionKeys,
    { cipher, keyEpoch, bornMs }: Pick<HeldSession, "cipher" | "keyEpoch" | "bornMs">,
  ): void {
    const { slot } = peer.config;
    this.#parts.path.install({ slot, cipher, keyEpoch, ...keys, rejectAfterMs: bornMs + REJECT_AFTER_MS });
  }

  #admit(message: Uint8Array, from: Endpoint, nowMs: number, unasked: boolean): OwnKey | null {
    const admission = this.#guard.admit(message, from, nowMs, unasked);
    if (admission.verdict === "admitted") return admission.own;
    if (admission.verdict === "cookie") {
      this.counters.cookieRepliesSent++;
      this.#parts.path.send(from, admission.reply);
      return null;
    }
    return this.#refuse(admission.verdict);
  }

  #refuse(reason: Refusal, peer?: Peer, nowMs = 0): null {
    if (peer === undefined) this.counters.refused[reason]++;
    else peer.refuse(reason, nowMs);
    return null;
  }
}

/**
 * The time to claim in the next initiation: that of the clock, unless it stands still or went back, which would make the
 * peer refuse it. Where it went back by more than a peer believes of the future, it was wrong when the peer answered last, and
 * the peer's with it; or it is wrong now. The one is tried first, then the other.
 */
function nextStamp({ takenMs, stampMs, timers }: Peer, wallMs: number): number {
  const taken = takenMs + STAMP_STEP_MS;
  const wasWrong = taken - wallMs >= FUTURE_MS && timers.attempts % 2 === 0;
  const leastMs = wasWrong ? wallMs : Math.max(wallMs, taken);
  // Claimed since then, and perhaps taken although no answer came; what was claimed by a clock far ahead was not.
  const claimed = stampMs + STAMP_STEP_MS;
  return leastMs < claimed && claimed - leastMs < FUTURE_MS ? claimed : leastMs;
}
