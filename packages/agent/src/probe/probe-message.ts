import { createHash } from "node:crypto";
import { formatAddress, type IpAddress } from "@warren/common/net/address.ts";
import { readU16, readU32, writeU16, writeU32 } from "@warren/common/wire/field.ts";

/**
 * The UDP payload of a probe of a self-test, and of the answer to it. Nothing in it is sealed: the session is what a
 * capture searches for, and what lets a listener tell a probe from everything else.
 *
 *      0               8               16              24             31
 *     ┌───────────────┬───────────────┬───────────────┬───────────────┐
 *   0 │      'W'      │      'P'      │   version 1   │     kind      │
 *     ├───────────────┴───────────────┴───────────────┴───────────────┤
 *   4 │                  mark of the session, 16 bytes                │
 *     ├───────────────────────────────────────────────────────────────┤
 *  20 │            number of the probe among those of its task        │
 *     ├───────────────┬───────────────┬───────────────────────────────┤
 *  24 │      try      │  seen family  │   payload length of answer    │
 *     ├───────────────┴───────────────┼───────────────────────────────┤
 *  28 │           seen port           │              0                │
 *     ├───────────────────────────────┴───────────────────────────────┤
 *  32 │               seen address, 16 bytes (IPv4: 4)                │
 *     ├───────────────────────────────────────────────────────────────┤
 *  48 │                  zeros, up to the asked length                │
 *     └───────────────────────────────────────────────────────────────┘
 *
 * A probe has zeros for what was seen, an answer for the length: without padding both are as long.
 */
export const PROBE_BYTES = 48;
/** Bytes of a session, 32 hex digits as text. */
export const SESSION_BYTES = 16;

/**
 * The session as it stands in the payload: a digest of what was asked for. Who may choose bytes of a datagram that other
 * nodes and pods send chooses a message of another protocol: with the session itself there, a query of DNS.
 */
export function sessionMark(session: string): Uint8Array {
  return createHash("sha256").update("warren probe ").update(session).digest().subarray(0, SESSION_BYTES);
}

const VERSION = 1;
const KIND = 3;
const SESSION = 4;
const NUMBER = 20;
const TRY = 24;
const FAMILY = 25;
const ANSWER_LENGTH = 26;
const PORT = 28;
const ADDRESS = 32;

const PROBE = 1;
const ANSWER = 2;
/** An answer of the asked length could not be sent: the kernel of the listener refused it as too long. */
const ANSWER_REFUSED = 3;

export interface Probe {
  /** 0 to 2^32 - 1. */
  readonly number: number;
  /** 0 to 255. */
  readonly attempt: number;
  /** Length that the UDP payload of the answer shall have; less than `PROBE_BYTES` asks for the shortest. */
  readonly answerLength: number;
}

export interface Answer {
  readonly number: number;
  readonly attempt: number;
  /** Where the probe came from, as the listener saw it. */
  readonly seenAddress: string;
  readonly seenPort: number;
  /** The answer of the asked length was too long for the listener's kernel; this is one without padding. */
  readonly isRefusal: boolean;
}

/** @param length of the payload, at least `PROBE_BYTES` */
export function encodeProbe(session: Uint8Array, probe: Probe, length: number): Uint8Array {
  const payload = begin(session, PROBE, probe.number, probe.attempt, length);
  writeU16(payload, ANSWER_LENGTH, probe.answerLength);
  return payload;
}

/**
 * What is sent back for a probe that came from there.
 * @param isRefusal without the padding that was asked for, because that was too long
 */
export function encodeAnswer(
  session: Uint8Array,
  probe: Probe,
  seen: { readonly address: IpAddress; readonly port: number },
  isRefusal: boolean,
): Uint8Array {
  const length = isRefusal ? PROBE_BYTES : Math.max(PROBE_BYTES, probe.answerLength);
  const payload = begin(session, isRefusal ? ANSWER_REFUSED : ANSWER, probe.number, probe.attempt, length);
  payload[FAMILY] = seen.address.family;
  writeU16(payload, PORT, seen.port);
  payload.set(seen.address.bytes, ADDRESS);
  return payload;
}

/** Null for what is no probe of that session. */
export function readProbe(payload: Uint8Array, session: Uint8Array): Probe | null {
  if (!isOf(payload, session) || payload[KIND] !== PROBE) return null;
  return {
    number: readU32(payload, NUMBER),
    attempt: payload[TRY]!,
    answerLength: readU16(payload, ANSWER_LENGTH),
  };
}

/** Null for what is no answer of that session. */
export function readAnswer(payload: Uint8Array, session: Uint8Array): Answer | null {
  if (!isOf(payload, session)) return null;
  const kind = payload[KIND];
  const family = payload[FAMILY];
  if ((kind !== ANSWER && kind !== ANSWER_REFUSED) || (family !== 4 && family !== 6)) return null;
  const bytes = payload.slice(ADDRESS, ADDRESS + (family === 4 ? 4 : 16));
  return {
    number: readU32(payload, NUMBER),
    attempt: payload[TRY]!,
    seenAddress: formatAddress({ family, bytes }),
    seenPort: readU16(payload, PORT),
    isRefusal: kind === ANSWER_REFUSED,
  };
}

function begin(session: Uint8Array, kind: number, number: number, attempt: number, length: number): Uint8Array {
  const payload = new Uint8Array(length);
  payload[0] = 0x57;
  payload[1] = 0x50;
  payload[2] = VERSION;
  payload[KIND] = kind;
  payload.set(session, SESSION);
  writeU32(payload, NUMBER, number);
  payload[TRY] = attempt;
  return payload;
}

function isOf(payload: Uint8Array, session: Uint8Array): boolean {
  if (payload.length < PROBE_BYTES) return false;
  if (payload[0] !== 0x57 || payload[1] !== 0x50 || payload[2] !== VERSION) return false;
  return session.every((byte, i) => payload[SESSION + i] === byte);
}
