import { expect, test } from "vitest";
import { drawJitterMs, PeerTimers } from "./peer-timers.ts";
import { PER_SLOT, RECEIVED, RECEIVED_PACKET, SENT, SENT_PACKET } from "./session.ts";
import { SessionSet } from "./session-set.ts";
import { POLL_MS } from "./timings.ts";

const SLOT = 3;
const JITTER = 250;
/** When the session of these tests was born. */
const BORN = 1_000_000;

const session = { remoteIndex: 2, cipher: "aes-256-gcm", keyEpoch: 1, identity: 0 } as const;

/** Timers of a peer with a session, as initiator, and a pen for what the packet path writes. */
function timersOf(options: { initiated?: boolean; persistentKeepaliveMs?: number; session?: boolean } = {}) {
  const activity = new Float64Array(8 * PER_SLOT);
  const timers = new PeerTimers(activity, SLOT, BORN - 1_000, () => JITTER);
  const sessions = new SessionSet();
  const peer = { sessions, persistentKeepaliveMs: options.persistentKeepaliveMs ?? 0, isStale: false };
  if (options.session !== false) {
    if (options.initiated !== false) {
      sessions.initiated({ ...session, localIndex: 1, initiated: true, bornMs: BORN });
      timers.handshakeReceived(BORN);
      timers.keepaliveSent(BORN);
    } else {
      sessions.answered({ ...session, localIndex: 1, initiated: false, bornMs: BORN });
      sessions.confirmed(1);
      timers.responseSent(BORN);
    }
    timers.established();
  }
  const write = (which: number, ms: number) => {
    activity[SLOT * PER_SLOT + which] = ms;
  };
  const sent = (ms: number) => {
    for (const which of [SENT, SENT_PACKET]) write(which, ms);
  };
  const received = (ms: number) => {
    for (const which of [RECEIVED, RECEIVED_PACKET]) write(which, ms);
  };
  return { timers, peer, write, sent, received, next: (nowMs: number) => timers.next(peer, nowMs) };
}

type Case = ReturnType<typeof timersOf>;

test.each<[string, Parameters<typeof timersOf>[0], (at: Case) => void, number, string, number]>([
  // name, peer, what happened, when it is looked at, what is next, when
  ["nothing happens with a quiet session but another look", {}, () => {}, 50_000, "look", 50_000 + POLL_MS],
  ["no session, no timer", { session: false }, () => {}, 50_000, "look", Number.POSITIVE_INFINITY],
  ["a session is renewed when it seals at 120 s", {}, (at) => at.sent(BORN + 120_000), 120_000, "initiate", 120_000],
  ["… but not a millisecond earlier", {}, (at) => at.sent(BORN + 119_999), 120_000, "look", 121_000],
  ["… also by a keepalive", {}, (at) => at.write(SENT, BORN + 120_000), 120_000, "initiate", 120_000],
  ["… not by who answered", { initiated: false }, (at) => at.sent(BORN + 169_999), 169_999, "look", 170_999],
  ["… unless it was not by 170 s", { initiated: false }, (at) => at.sent(BORN + 170_000), 170_000, "initiate", 170_000],
  [
    "a session that only receives is renewed at 165 s",
    {},
    (at) => at.write(RECEIVED, BORN + 165_000),
    165_000,
    "initiate",
    165_000,
  ],
  ["… but not a millisecond earlier", {}, (at) => at.write(RECEIVED, BORN + 164_999), 164_999, "look", 165_999],
  ["… not by who answered", { initiated: false }, (at) => at.write(RECEIVED, BORN + 170_000), 170_000, "look", 171_000],
  ["a session ends at 180 s", {}, () => {}, 179_500, "expire", 180_000],
  ["… whoever made it", { initiated: false }, () => {}, 179_500, "expire", 180_000],
  [
    "a packet that nothing followed is answered after 10 s",
    {},
    (at) => at.received(BORN + 500),
    9_600,
    "keepalive",
    10_500,
  ],
  ["a keepalive is not answered with one", {}, (at) => at.write(RECEIVED, BORN + 500), 20_000, "look", 21_000],
  [
    "a packet that something followed needs no keepalive",
    {},
    (at) => {
      at.received(BORN + 500);
      at.write(SENT, BORN + 501);
    },
    10_500,
    "look",
    11_500,
  ],
  [
    "a packet that nothing came back for is followed by a handshake after 15 s and jitter",
    {},
    (at) => at.sent(BORN + 500),
    15_000,
    "initiate",
    15_500 + JITTER,
  ],
  [
    "… unless anything came",
    {},
    (at) => {
      at.sent(BORN + 500);
      at.write(RECEIVED, BORN + 501);
    },
    15_750,
    "look",
    16_750,
  ],
  [
    "a keepalive that nothing came back for is no reason",
    {},
    (at) => at.write(SENT, BORN + 500),
    30_000,
    "look",
    31_000,
  ],
  [
    "silence is kept from getting long, if asked for",
    { persistentKeepaliveMs: 25_000 },
    () => {},
    24_500,
    "keepalive",
    25_000,
  ],
  [
    "… counted from the last of either side",
    { persistentKeepaliveMs: 25_000 },
    (at) => at.write(RECEIVED, BORN + 7_000),
    31_500,
    "keepalive",
    32_000,
  ],
  [
    "… and begins with a handshake at once where there is no session",
    { persistentKeepaliveMs: 25_000, session: false },
    () => {},
    0,
    "initiate",
    Number.NEGATIVE_INFINITY,
  ],
  ["what is wanted begins at once", { session: false }, (at) => at.timers.wanted(BORN + 5), 5, "initiate", 5],
  [
    "… also with a session, which may have sealed all it may",
    {},
    (at) => at.timers.wanted(BORN + 60_000),
    60_000,
    "initiate",
    60_000,
  ],
  [
    "… but not within 5 s of our last handshake message",
    { initiated: false },
    (at) => at.timers.wanted(BORN + 1_000),
    4_500,
    "initiate",
    5_000,
  ],
  [
    "… and then not at all if it was sent meanwhile",
    { initiated: false },
    (at) => {
      at.timers.wanted(BORN + 1_000);
      at.sent(BORN + 1_001);
      at.write(RECEIVED, BORN + 1_002);
    },
    5_000,
    "look",
    6_000,
  ],
  [
    "an attempt is repeated after 5 s and jitter",
    {},
    (at) => at.timers.initiationSent(BORN + 130_000),
    131_000,
    "look",
    132_000,
  ],
  ["… exactly", {}, (at) => at.timers.initiationSent(BORN + 130_000), 135_000, "initiate", 135_000 + JITTER],
  [
    "an attempt is given up after 90 s",
    { session: false },
    (at) => {
      for (let i = 0; i < 18; i++) at.timers.initiationSent(BORN + i * 5_000);
    },
    85_100,
    "give-up",
    90_000,
  ],
  [
    "… counted from the last that somebody wanted",
    { session: false },
    (at) => {
      for (let i = 0; i < 18; i++) at.timers.initiationSent(BORN + i * 5_000);
      at.timers.wanted(BORN + 88_000);
    },
    89_000,
    "initiate",
    90_250,
  ],
  [
    "keys that changed are a reason at once",
    {},
    (at) => {
      at.peer.isStale = true;
      at.timers.responseSent(BORN + 1_000);
      at.timers.changed(BORN + 2_000);
    },
    2_000,
    "initiate",
    2_000,
  ],
])("%s", (_name, options, happen, nowMs, step, atMs) => {
  const at = timersOf(options);
  happen(at);
  const next = at.next(BORN + nowMs);
  expect({ step: next.step, atMs: next.atMs - BORN }).toEqual({ step, atMs });
});

test("a packet that came before the peer was known, with the same slot, moves nothing", () => {
  const at = timersOf();
  at.received(BORN - 1_000);
  at.sent(BORN - 1_001);
  expect(at.next(BORN + 30_000).step).toBe("look");
});

test("one keepalive answers a burst, and the packets that follow it get another one", () => {
  const at = timersOf();
  const keepalives: number[] = [];
  // One packet a millisecond, in one direction, for 32 seconds.
  for (let now = 1; now <= 32_000; now++) {
    at.received(BORN + now);
    if (now % POLL_MS !== 0) continue;
    const { step, atMs } = at.next(BORN + now);
    if (step !== "keepalive" || atMs > BORN + now) continue;
    keepalives.push(now);
    at.timers.keepaliveSent(BORN + now);
  }
  expect(keepalives).toEqual([11_000, 22_000]);
});

test("after giving up only something new is a reason to begin again", () => {
  const at = timersOf();
  at.sent(BORN + 125_000);
  at.timers.initiationSent(BORN + 125_000);
  at.timers.gaveUp(BORN + 170_000);
  expect(at.next(BORN + 171_000).step).toBe("look");
  at.sent(BORN + 172_000);
  expect(at.next(BORN + 172_000)).toEqual({ step: "initiate", atMs: BORN + 172_000 });
});

test("no reason is stronger than the five seconds between two initiations", () => {
  const at = timersOf({ persistentKeepaliveMs: 1_000 });
  at.timers.initiationSent(BORN + 120_000);
  at.timers.established();
  at.sent(BORN + 121_000);
  at.timers.wanted(BORN + 122_000);
  at.peer.isStale = true;
  expect(at.next(BORN + 122_000).step).toBe("keepalive");
  at.timers.keepaliveSent(BORN + 124_999);
  expect(at.next(BORN + 124_999)).toEqual({ step: "initiate", atMs: BORN + 125_000 });
});

test("jitter is drawn from 0 to 333 ms, both included", () => {
  expect(drawJitterMs(() => Uint8Array.of(0, 0))).toBe(0);
  expect(drawJitterMs(() => Uint8Array.of(333 & 0xff, 333 >> 8))).toBe(333);
  expect(drawJitterMs(() => Uint8Array.of(334 & 0xff, 334 >> 8))).toBe(0);
});
