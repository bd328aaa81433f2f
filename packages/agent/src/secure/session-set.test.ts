import { expect, test } from "vitest";
import { type HeldSession, SessionSet } from "./session-set.ts";

const session = (localIndex: number, change: Partial<HeldSession> = {}): HeldSession => ({
  localIndex,
  remoteIndex: localIndex + 100,
  cipher: "aes-256-gcm",
  keyEpoch: 1,
  identity: 0,
  initiated: false,
  bornMs: localIndex * 100_000,
  ...change,
});
const indices = (set: SessionSet) => [set.previous, set.current, set.next].map((held) => held?.localIndex ?? 0);

test("the initiator's session is in use at once, and the one before it still opens", () => {
  const set = new SessionSet();
  for (const n of [1, 2, 3]) {
    const gone = set.initiated(session(n, { initiated: true })).map((held) => held.localIndex);
    expect(gone).toEqual(n === 3 ? [1] : []);
  }
  expect(indices(set)).toEqual([2, 3, 0]);
});

test("the responder's session waits for its confirmation; a later one takes its place", () => {
  const set = new SessionSet();
  set.initiated(session(1, { initiated: true }));
  set.answered(session(2));
  expect(set.answered(session(3)).map((held) => held.localIndex)).toEqual([2]);
  expect(indices(set)).toEqual([0, 1, 3]);
  expect(set.confirmed(2)).toBeNull();
  expect(set.confirmed(3)).toEqual([]);
  expect(set.confirmed(3)).toBeNull();
  expect(indices(set)).toEqual([1, 3, 0]);
});

/** Our initiation and the peer's crossed: we answered the one before the other was answered. */
function crossing(mine: number, theirs: number, change: Partial<HeldSession> = {}): SessionSet {
  const set = new SessionSet();
  set.answered(session(77, { remoteIndex: theirs, ...change }));
  set.initiated(session(mine, { initiated: true }));
  return set;
}

test("of two that crossed, both sides keep to the one whose initiator has the lower index", () => {
  const here = crossing(10, 20);
  expect(here.confirmed(77)).toEqual([]);
  expect(indices(here)).toEqual([77, 10, 0]);
  const there = crossing(20, 10);
  there.confirmed(77);
  expect(indices(there)).toEqual([20, 77, 0]);
});

test("what has other keys or another cipher is newer, whatever its index", () => {
  for (const change of [{ identity: 1 }, { cipher: "chacha20-poly1305" }] as const) {
    const set = crossing(10, 20, change);
    set.confirmed(77);
    expect(indices(set)).toEqual([10, 77, 0]);
  }
});

test("an initiation after our handshake did not cross it: a peer that was restarted has no session but this", () => {
  const late = new SessionSet();
  late.initiated(session(10, { initiated: true }));
  late.answered(session(77, { remoteIndex: 20 }));
  late.confirmed(77);
  expect(indices(late)).toEqual([10, 77, 0]);
  const again = crossing(10, 20);
  again.answered(session(78, { remoteIndex: 30 }));
  again.confirmed(78);
  expect(indices(again)).toEqual([10, 78, 0]);
});

test("sessions are dropped wherever they stand, and the first to expire is known", () => {
  const set = new SessionSet();
  expect([set.isEmpty, set.expiryMs]).toEqual([true, Number.POSITIVE_INFINITY]);
  set.initiated(session(1, { initiated: true }));
  set.initiated(session(2, { initiated: true }));
  set.answered(session(3));
  expect(set.expiryMs).toBe(280_000);
  expect(set.drop((held) => held.localIndex !== 2).map((held) => held.localIndex)).toEqual([1, 3]);
  expect(indices(set)).toEqual([0, 2, 0]);
  expect(set.isEmpty).toBe(false);
});
