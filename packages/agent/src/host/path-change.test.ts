import { describe, expect, it } from "vitest";
import type { PlainPath } from "./host-network.ts";
import { PathChange } from "./path-change.ts";

const A: PlainPath = { prefix: "10.244.1.0/24", underlay: "192.0.2.1", onLink: true };
const B: PlainPath = { prefix: "10.244.2.0/24", underlay: "192.0.2.2", onLink: true };

/** A change that has these paths in use. */
function settled(...paths: PlainPath[]): PathChange {
  const change = new PathChange();
  change.step(-2_000, paths, paths);
  expect(change.step(0, paths, paths)).toEqual({ routed: paths, accepted: paths, nextMs: null });
  return change;
}

describe("a change of paths", () => {
  it("accepts a path before it sends on it", () => {
    const change = new PathChange();
    expect(change.step(100, [A, B], [A])).toEqual({ routed: [], accepted: [A], nextMs: 2_100 });
    expect(change.step(1_000, [A, B], [A, B])).toEqual({ routed: [], accepted: [A, B], nextMs: 2_100 });
    expect(change.step(2_100, [A, B], [A, B])).toEqual({ routed: [A], accepted: [A, B], nextMs: 3_000 });
    expect(change.step(3_000, [A, B], [A, B])).toEqual({ routed: [A, B], accepted: [A, B], nextMs: null });
  });

  it("stops to send on a path before it stops to accept it", () => {
    const change = settled(A, B);
    expect(change.step(100, [A, B], [B])).toEqual({ routed: [B], accepted: [B, A], nextMs: 2_100 });
    expect(change.step(2_100, [A, B], [B])).toEqual({ routed: [B], accepted: [B], nextMs: null });
  });

  it("takes a path back that was on its way out, without accepting it twice", () => {
    const change = settled(A);
    change.step(100, [A], []);
    expect(change.step(200, [A], [A])).toEqual({ routed: [], accepted: [A], nextMs: 2_200 });
    expect(change.step(2_200, [A], [A])).toEqual({ routed: [A], accepted: [A], nextMs: null });
  });

  it("forgets a path that was wanted for too short a time to be sent on", () => {
    const change = new PathChange();
    change.step(100, [A], [A]);
    expect(change.step(200, [A], [])).toEqual({ routed: [], accepted: [], nextMs: null });
  });

  it("ends at once with a path that is not possible any more: a node removed, a cluster sealed", () => {
    const change = settled(A, B);
    expect(change.step(100, [B], [B])).toMatchObject({ routed: [B], accepted: [B] });
    expect(change.step(200, [], [])).toMatchObject({ routed: [], accepted: [] });
  });

  it("treats a peer with another underlay address as another path", () => {
    const change = settled(A);
    const moved = { ...A, underlay: "192.0.2.9" };
    expect(change.step(100, [moved], [moved])).toEqual({ routed: [], accepted: [moved], nextMs: 2_100 });
  });
});
