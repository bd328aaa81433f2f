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

test("of two that crossed, both sides keep to the one whose initiator has the lower index", () => {
  for (const [mine, theirs] of [
    [10, 20],
    [20, 10],
  ] as const) {
    // Ours has the index `mine` here; theirs, which we answered, has `theirs` there.
    const ours = session(mine, { initiated: true, bornMs: 5_000 });
    const answered = session(77, { remoteIndex: theirs, bornMs: 4_700 });
    for (const oursFirst of [true, false]) {
      const set = new SessionSet();
      if (oursFirst) set.initiated(ours);
      set.answered(answered);
      if (!oursFirst) set.initiated(ours);
      set.confirmed(77);
      expect(indices(set)).toEqual(mine < theirs ? [77, mine, 0] : [mine, 77, 0]);
    }
  }
});

test.each([
  ["was asked for long before", { bornMs: 2_000 }],
  ["was asked for when ours was there already", { bornMs: 5_300 }],
  ["has other keys", { identity: 1 }],
  ["has another cipher", { cipher: "chacha20-poly1305" }],
] as const)("what %s did not cross: the newer is in use", (_name, change) => {
  const set = new SessionSet();
  set.initiated(session(10, { initiated: true, bornMs: 5_000 }));
  set.answered(session(77, { remoteIndex: 20, bornMs: 4_700, ...change }));
  set.confirmed(77);
  expect(indices(set)).toEqual([10, 77, 0]);
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
