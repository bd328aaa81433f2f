import { parseAddress } from "@warren/common/net/address.ts";
import { heapGrowth, SMALLEST_OBJECT } from "@warren/common/wire/testing/heap-growth.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { encodeSockaddr } from "../route/sockaddr.ts";
import { EXPIRED, FORGED, REPLAYED, ReceiveSessions, UNKNOWN_SESSION } from "./receive-sessions.ts";
import { SendSessions } from "./send-sessions.ts";
import { PER_SLOT, RECEIVED, RECEIVED_PACKET } from "./session.ts";
import { RecordingAead } from "./testing/recording-aead.ts";
import { aeadsOf, mirrored, referenceAeads, sessionOf } from "./testing/sessions.ts";

const NOW = 1000;
const AT = 256;
const PEER = 0x1111_1111;
const OURS = 0xfedc_ba98;

let bytes: Uint8Array;
let activity: Float64Array;
let peer: SendSessions;
let sessions: ReceiveSessions;

beforeEach(() => {
  bytes = new Uint8Array(4096);
  activity = new Float64Array(4 * PER_SLOT);
  peer = new SendSessions({
    aeads: referenceAeads(bytes),
    bytes,
    activity: new Float64Array(4 * PER_SLOT),
    slots: 4,
  });
  sessions = new ReceiveSessions({ aeads: referenceAeads(bytes), bytes, activity });
});

/** A session with the peer, who has it at slot 1; we have it at slot 2. */
function connect(ours = OURS, theirs = PEER) {
  const session = sessionOf({ slot: 1, localIndex: theirs, remoteIndex: ours });
  const mirror = mirrored(session, { slot: 2 });
  peer.install(session);
  peer.use(theirs);
  sessions.install(mirror);
  return mirror;
}

/** A message of the peer with so many bytes of text. */
function messageOf(length: number): Uint8Array {
  bytes.fill(7, AT + 16, AT + 16 + length);
  expect(peer.seal(1, AT, 0, 1, length, length, NOW)).toBe(1);
  return bytes.slice(AT, AT + length + 32);
}

function open(message: Uint8Array, nowMs = NOW): number {
  bytes.set(message, AT);
  return sessions.open(AT, message.length, nowMs);
}

describe("a message", () => {
  test("is opened in place, and says whose it is", () => {
    connect();
    const message = messageOf(48);
    expect(message.subarray(16, 64)).not.toEqual(new Uint8Array(48).fill(7));
    expect(open(message)).toBe(2);
    expect(bytes.slice(AT + 16, AT + 64)).toEqual(new Uint8Array(48).fill(7));
    expect(sessions.lastIndex).toBe(OURS);
  });

  test("of a session we do not have, or no longer, is refused", () => {
    connect();
    const message = messageOf(16);
    const stranger = message.slice();
    stranger[4]! ^= 1;
    expect(open(stranger)).toBe(UNKNOWN_SESSION);
    expect(open(message)).toBe(2);
    sessions.forget(OURS);
    expect(open(messageOf(16))).toBe(UNKNOWN_SESSION);
  });

  test("is refused from the moment its session expires", () => {
    connect();
    const [first, second] = [messageOf(16), messageOf(16)];
    expect(open(first, 179_999)).toBe(2);
    expect(open(second, 180_000)).toBe(EXPIRED);
  });

  test("is let in once, in any order", () => {
    connect();
    const messages = Array.from({ length: 5 }, () => messageOf(16));
    for (const i of [3, 0, 4, 1, 2]) expect(open(messages[i]!)).toBe(2);
    for (const message of messages) expect(open(message)).toBe(REPLAYED);
  });

  test("that is forged is refused and leaves no trace: neither in the window nor in what is noted", () => {
    connect();
    const message = messageOf(16);
    const forged = message.slice();
    forged[20]! ^= 1;
    const ahead = message.slice();
    ahead[14] = 0x40;
    for (const wrong of [forged, ahead, message.slice(0, -1)]) expect(open(wrong)).toBe(FORGED);
    expect(activity.every((moment) => moment === 0)).toBe(true);
    expect(open(message)).toBe(2);
  });

  test("is told apart from one of another session with the same counter, before and after", () => {
    connect();
    const [one, later] = [messageOf(16), messageOf(16)];
    connect(0x7654_3210, 0x3333_3333);
    const other = messageOf(16);
    expect([open(one), sessions.lastIndex]).toEqual([2, OURS]);
    expect([open(other), sessions.lastIndex]).toEqual([2, 0x7654_3210]);
    expect([open(later), sessions.lastIndex]).toEqual([2, OURS]);
    expect(open(other)).toBe(REPLAYED);
  });

  test("is noted as received, and as a packet unless it is empty", () => {
    connect();
    const noted = () => [activity[2 * PER_SLOT + RECEIVED], activity[2 * PER_SLOT + RECEIVED_PACKET]];
    expect(open(messageOf(0), 10)).toBe(2);
    expect(noted()).toEqual([10, 0]);
    open(messageOf(16), 20);
    open(messageOf(0), 30);
    expect(noted()).toEqual([30, 20]);
  });
});

test("a session is confirmed by its first message, once", () => {
  connect();
  expect(sessions.takeConfirmed()).toBe(false);
  open(messageOf(0));
  expect([sessions.takeConfirmed(), sessions.takeConfirmed()]).toEqual([true, false]);
  open(messageOf(0));
  expect(sessions.takeConfirmed()).toBe(false);
  connect(0x7654_3210, 0x3333_3333);
  open(messageOf(0));
  expect([sessions.takeConfirmed(), sessions.lastIndex]).toEqual([true, 0x7654_3210]);
});

describe("where a session's messages come from", () => {
  const NAME = 64;
  const from = (address: string, port = 51820) => {
    bytes.fill(0, NAME, NAME + 28);
    encodeSockaddr(bytes, NAME, parseAddress(address), port);
  };
  const isNew = () => {
    const changed = sessions.endpointChanged(NAME);
    if (changed) sessions.noteEndpoint(NAME);
    return changed;
  };

  test("is new with the first, and then when address, port or family is another", () => {
    connect();
    open(messageOf(16));
    from("192.0.2.1");
    expect([isNew(), isNew()]).toEqual([true, false]);
    for (const [address, port] of [
      ["192.0.2.2", 51820],
      ["192.0.2.2", 51821],
      ["2001:db8::1", 51821],
      ["2001:db8::1:0:0:1", 51821],
      ["2001:db8::1:0:0:2", 51821],
      ["192.0.2.2", 51821],
    ] as const) {
      from(address, port);
      expect([address, isNew(), isNew()]).toEqual([address, true, false]);
    }
  });

  test("is the same whatever an IPv6 flow says, and whatever stands behind an IPv4 address", () => {
    connect();
    open(messageOf(16));
    from("2001:db8::1");
    isNew();
    bytes[NAME + 5] = 9;
    expect(isNew()).toBe(false);
    bytes[NAME + 24] = 3;
    expect(isNew()).toBe(true);
    from("192.0.2.1");
    isNew();
    bytes[NAME + 12] = 1;
    expect(isNew()).toBe(false);
  });

  test("is kept for each session", () => {
    connect();
    const [one, two] = [messageOf(16), messageOf(16)];
    connect(0x7654_3210, 0x3333_3333);
    open(one);
    from("192.0.2.1");
    expect(isNew()).toBe(true);
    open(messageOf(16));
    expect(isNew()).toBe(true);
    open(two);
    expect(isNew()).toBe(false);
  });
});

describe("keys", () => {
  test("are wiped where they came from, those of the other direction are left, and all go when forgotten", () => {
    const aead = new RecordingAead("aes-256-gcm");
    const table = new ReceiveSessions({ aeads: aeadsOf(() => aead), bytes, activity });
    const session = sessionOf();
    const key = Buffer.from(session.receiveKey).toString("hex");
    table.install(session);
    expect([...session.receiveKey].every((byte) => byte === 0)).toBe(true);
    expect([...session.sendKey].some((byte) => byte !== 0)).toBe(true);
    table.forget(session.localIndex);
    table.forget(session.localIndex);
    expect(aead.wiped).toEqual([key]);
  });

  test("are taken once: a session that was installed is refused the second time", () => {
    const session = connect();
    const twin = { ...session, receiveKey: new Uint8Array(32).fill(1) };
    expect(() => sessions.install(twin)).toThrow("installed already");
    sessions.forget(session.localIndex);
    expect(() => sessions.install(session)).toThrow("taken already");
  });
});

test("allocates nothing for a message, of one session or of several in turn", () => {
  const table = new ReceiveSessions({ aeads: aeadsOf((cipher) => new RecordingAead(cipher)), bytes, activity });
  const indices = [0xfedc_ba98, 0x8000_0001, 5];
  for (const localIndex of indices) table.install(sessionOf({ localIndex }));
  const view = new DataView(bytes.buffer);
  const messages = 3000;
  let counter = 0;
  let opened = 0;
  const run = () => {
    for (let i = 0; i < messages; i++) {
      view.setUint32(AT + 4, indices[i % 3]!, true);
      view.setUint32(AT + 8, counter++, true);
      opened += table.open(AT, 64, 1000) >= 0 && !table.endpointChanged(0) && !table.takeConfirmed() ? 1 : 0;
    }
  };
  for (let i = 0; i < 100; i++) run();
  expect(heapGrowth(run)).toBeLessThan((messages * SMALLEST_OBJECT) / 2);
  expect(opened).toBeGreaterThan(messages * 100);
});
