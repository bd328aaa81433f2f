import { heapGrowth, SMALLEST_OBJECT } from "@warren/common/wire/testing/heap-growth.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_SESSION, SendSessions } from "./send-sessions.ts";
import { CONFIRMED, PER_SLOT, SENT, SENT_PACKET } from "./session.ts";
import { RecordingAead } from "./testing/recording-aead.ts";
import { aeadsOf, referenceAeads, sessionOf } from "./testing/sessions.ts";

const SLOTS = 4;
const NOW = 1000;

function createSessions(aead?: RecordingAead) {
  const bytes = new Uint8Array(8192);
  const activity = new Float64Array(SLOTS * PER_SLOT);
  const aeads = aead ? aeadsOf(() => aead) : referenceAeads(bytes);
  return { bytes, activity, sessions: new SendSessions({ aeads, bytes, activity, slots: SLOTS }) };
}

const headerAt = (bytes: Uint8Array, at: number) => {
  const view = new DataView(bytes.buffer, at);
  return { type: view.getUint32(0, true), receiver: view.getUint32(4, true), counter: view.getBigUint64(8, true) };
};

describe("sealing", () => {
  test("writes a header before each message and its tag behind it, and nothing between them", () => {
    const { bytes, sessions } = createSessions();
    bytes.fill(0xa5);
    sessions.install(sessionOf());
    sessions.use(0x1111_1111);
    expect(sessions.seal(0, 64, 200, 3, 100, 20, NOW)).toBe(3);
    [0, 1, 2].forEach((i) => {
      const at = 64 + i * 200;
      expect(headerAt(bytes, at)).toEqual({ type: 4, receiver: 0x2222_2222, counter: BigInt(i) });
      const end = at + 16 + (i === 2 ? 20 : 100) + 16;
      expect(bytes.subarray(at + 16, end).every((byte) => byte === 0xa5)).toBe(false);
      expect(bytes.subarray(end, 64 + (i + 1) * 200).every((byte) => byte === 0xa5)).toBe(true);
    });
    expect(bytes.subarray(0, 64).every((byte) => byte === 0xa5)).toBe(true);
  });

  test("goes over to a session that the peer confirmed, and not back to one from before", () => {
    const { bytes, activity, sessions } = createSessions();
    const [first, second] = [sessionOf(), sessionOf({ localIndex: 2, remoteIndex: 0x3333_3333 })];
    const receiver = () => {
      sessions.seal(0, 0, 64, 1, 16, 16, NOW);
      return headerAt(bytes, 0).receiver;
    };
    for (const session of [first, second]) sessions.install(session);
    activity[CONFIRMED] = 2;
    expect(sessions.seal(0, 0, 64, 1, 16, 16, NOW)).toBe(NO_SESSION);
    sessions.use(first.localIndex);
    expect(receiver()).toBe(second.remoteIndex);
    activity[CONFIRMED] = first.localIndex;
    expect(receiver()).toBe(second.remoteIndex);
    // The host has the last word.
    sessions.use(first.localIndex);
    expect(receiver()).toBe(first.remoteIndex);
  });

  test("goes on counting from batch to batch", () => {
    const { bytes, sessions } = createSessions();
    sessions.install(sessionOf());
    sessions.use(0x1111_1111);
    sessions.seal(0, 0, 64, 5, 16, 16, NOW);
    sessions.seal(0, 0, 64, 1, 0, 0, NOW);
    expect(headerAt(bytes, 0).counter).toBe(5n);
  });

  test("is refused without a session, with one not in use, with one that is too old, and with one forgotten", () => {
    const { sessions } = createSessions();
    const seal = (nowMs: number) => sessions.seal(0, 0, 0, 1, 16, 16, nowMs);
    expect([seal(NOW), sessions.has(0, NOW)]).toEqual([NO_SESSION, false]);
    sessions.install(sessionOf());
    expect([seal(NOW), sessions.has(0, NOW)]).toEqual([NO_SESSION, false]);
    sessions.use(0x1111_1111);
    expect([seal(179_999), sessions.has(0, 179_999)]).toEqual([1, true]);
    expect([seal(180_000), sessions.has(0, 180_000)]).toEqual([NO_SESSION, false]);
    sessions.forget(0x1111_1111);
    expect([seal(NOW), sessions.has(0, NOW)]).toEqual([NO_SESSION, false]);
  });

  test("uses what was said last, each peer its own, and goes on where a session left off", () => {
    const { bytes, sessions } = createSessions();
    sessions.install(sessionOf({ localIndex: 1, remoteIndex: 101 }));
    sessions.install(sessionOf({ localIndex: 2, remoteIndex: 102, cipher: "aes-256-gcm" }));
    sessions.install(sessionOf({ localIndex: 3, remoteIndex: 103, slot: 2 }));
    const seal = (slot: number) => {
      sessions.seal(slot, 0, 0, 1, 16, 16, NOW);
      const { receiver, counter } = headerAt(bytes, 0);
      return [receiver, Number(counter)];
    };
    for (const index of [1, 3]) sessions.use(index);
    expect([seal(0), seal(2), seal(0)]).toEqual([
      [101, 0],
      [103, 0],
      [101, 1],
    ]);
    sessions.use(2);
    sessions.use(77);
    expect([seal(0), seal(2)]).toEqual([
      [102, 0],
      [103, 1],
    ]);
    sessions.use(1);
    expect(seal(0)).toEqual([101, 2]);
    sessions.forget(2);
    expect(seal(0)).toEqual([101, 3]);
  });

  test("notes when something was sent, and when that was a packet", () => {
    const { activity, sessions } = createSessions();
    sessions.install(sessionOf({ slot: 3 }));
    sessions.use(0x1111_1111);
    const noted = () => [activity[3 * PER_SLOT + SENT], activity[3 * PER_SLOT + SENT_PACKET]];
    sessions.seal(3, 0, 0, 1, 0, 0, 10);
    expect(noted()).toEqual([10, 0]);
    sessions.seal(3, 0, 64, 2, 16, 16, 20);
    sessions.seal(3, 0, 0, 1, 0, 0, 30);
    expect(noted()).toEqual([30, 20]);
    expect(activity.filter((moment) => moment !== 0)).toHaveLength(2);
  });

  test("says how many were sealed when the implementation fails, and never draws those counters again", () => {
    const aead = new RecordingAead("aes-256-gcm");
    const { activity, sessions } = createSessions(aead);
    sessions.install(sessionOf());
    sessions.use(0x1111_1111);
    aead.failsAfter = 2;
    expect(sessions.seal(0, 0, 64, 5, 16, 16, NOW)).toBe(2);
    aead.failsAfter = 0;
    expect(sessions.seal(0, 0, 64, 1, 16, 16, NOW + 1)).toBe(0);
    expect(activity[SENT]).toBe(NOW);
    aead.failsAfter = 9;
    sessions.seal(0, 0, 64, 1, 16, 16, NOW);
    expect(aead.sealed.map((pair) => pair.split(" ")[1])).toEqual(["0", "1", "6"]);
  });
});

describe("keys", () => {
  test("are wiped where they came from once they are in use, and for good when forgotten", () => {
    const aead = new RecordingAead("aes-256-gcm");
    const { sessions } = createSessions(aead);
    const session = sessionOf();
    const key = Buffer.from(session.sendKey).toString("hex");
    sessions.install(session);
    expect([...session.sendKey].every((byte) => byte === 0)).toBe(true);
    expect([...session.receiveKey].some((byte) => byte !== 0)).toBe(true);
    sessions.forget(session.localIndex);
    sessions.forget(session.localIndex);
    expect(aead.wiped).toEqual([key]);
  });

  test("are taken once: a session that was installed is refused the second time", () => {
    const { sessions } = createSessions();
    const session = sessionOf();
    const twin = { ...session, sendKey: session.sendKey.slice() };
    sessions.install(session);
    expect(() => sessions.install(twin)).toThrow("installed already");
    sessions.forget(session.localIndex);
    expect(() => sessions.install(session)).toThrow("taken already");
  });
});

test("allocates nothing for a message", () => {
  const aead = new RecordingAead("aes-256-gcm");
  const { sessions } = createSessions(aead);
  aead.failsAfter = 0;
  sessions.install(sessionOf());
  sessions.use(0x1111_1111);
  const messages = 2000;
  let refused = 0;
  const run = () => {
    for (let i = 0; i < messages; i++) refused += sessions.seal(0, 0, 64, 4, 16, 16, 1000) === 0 ? 1 : 0;
  };
  for (let i = 0; i < 100; i++) run();
  expect(heapGrowth(run)).toBeLessThan((messages * SMALLEST_OBJECT) / 2);
  expect(refused).toBeGreaterThan(messages * 100);
});

/**
 * A life of the egress side. Each handshake makes a session with keys that nobody had before: both sides mix a fresh
 * ephemeral key into them, so that not even a node that starts again from a copy of another's state directory (the same
 * static key, the same peers) comes to the same ones. Nothing here is ever written to that directory: a restart has no
 * sessions, and a copy of the directory none to repeat.
 */
const steps = fc.oneof(
  fc.record({ type: fc.constant("handshake" as const), slot: fc.nat({ max: SLOTS - 1 }) }),
  fc.record({ type: fc.constant("again" as const), pick: fc.nat() }),
  fc.record({ type: fc.constant("use" as const), pick: fc.nat() }),
  fc.record({ type: fc.constant("forget" as const), pick: fc.nat() }),
  fc.record({ type: fc.constant("restart" as const) }),
  fc.record({
    type: fc.constant("seal" as const),
    slot: fc.nat({ max: SLOTS - 1 }),
    count: fc.integer({ min: 1, max: 50 }),
    fails: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 50 })),
  }),
);

test("no key is ever used twice with a counter, whatever comes in which order, over restarts too", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 200, size: "max" }), (life) => {
      const aead = new RecordingAead("aes-256-gcm");
      let { bytes, sessions } = createSessions(aead);
      const known: ReturnType<typeof sessionOf>[] = [];
      const pick = (n: number) => known[n % (known.length || 1)];
      const onWire: string[] = [];
      for (const step of life) {
        switch (step.type) {
          case "handshake": {
            const session = sessionOf({ slot: step.slot, localIndex: 7 + known.length, remoteIndex: known.length });
            known.push(session);
            sessions.install(session);
            sessions.use(session.localIndex);
            break;
          }
          case "again": {
            const session = pick(step.pick);
            if (session) expect(() => sessions.install(session)).toThrow();
            break;
          }
          case "use":
            sessions.use(pick(step.pick)?.localIndex ?? 0);
            break;
          case "forget":
            sessions.forget(pick(step.pick)?.localIndex ?? 0);
            break;
          case "restart":
            ({ bytes, sessions } = createSessions(aead));
            break;
          case "seal": {
            aead.failsAfter = step.fails;
            const sealed = sessions.seal(step.slot, 0, 64, step.count, 16, 16, NOW);
            for (let i = 0; i < sealed; i++) {
              const { receiver, counter } = headerAt(bytes, i * 64);
              onWire.push(`${receiver} ${counter}`);
            }
          }
        }
      }
      expect(new Set(aead.sealed).size).toBe(aead.sealed.length);
      expect(new Set(onWire).size).toBe(onWire.length);
      expect(onWire.map((pair) => pair.split(" ")[1])).toEqual(aead.sealed.map((pair) => pair.split(" ")[1]));
    }),
    { numRuns: 300 },
  );
});
