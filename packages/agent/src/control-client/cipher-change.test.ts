import { describe, expect, it } from "vitest";
import { CipherChange } from "./cipher-change.ts";

const SEALED = { accepts: ["sealed"], framing: "sealed", nextMs: null };
const PLAIN = { accepts: ["plain"], framing: "plain", cipher: null, nextMs: null };
const BOTH = ["plain", "sealed"];

describe("a change of the cluster's cipher", () => {
  it("is none at the start: only what the cluster says is taken", () => {
    expect(new CipherChange("none").step(5, "none")).toEqual(PLAIN);
    expect(new CipherChange("aes-256-gcm").step(5, "aes-256-gcm")).toEqual({ ...SEALED, cipher: "aes-256-gcm" });
  });

  it("from plain takes both, then seals, then takes nothing plain any more", () => {
    const change = new CipherChange("none");
    const step = (ms: number) => change.step(ms, "aes-256-gcm");
    const cipher = "aes-256-gcm";
    expect(step(1_000)).toMatchObject({ framing: "plain", accepts: BOTH, cipher, nextMs: 3_000 });
    expect(step(2_999)).toMatchObject({ framing: "plain", accepts: BOTH, cipher, nextMs: 3_000 });
    expect(step(3_000)).toMatchObject({ framing: "sealed", accepts: BOTH, cipher, nextMs: 5_000 });
    expect(step(5_000)).toEqual({ ...SEALED, cipher });
  });

  it("to plain goes on sealing with the old cipher until all take plain", () => {
    const change = new CipherChange("chacha20-poly1305");
    const step = (ms: number) => change.step(ms, "none");
    const cipher = "chacha20-poly1305";
    expect(step(0)).toMatchObject({ framing: "sealed", accepts: BOTH, cipher, nextMs: 2_000 });
    expect(step(2_000)).toMatchObject({ framing: "plain", accepts: BOTH, cipher, nextMs: 4_000 });
    expect(step(4_000)).toEqual(PLAIN);
  });

  it("from one cipher to another never opens the plain way", () => {
    const change = new CipherChange("chacha20-poly1305");
    expect(change.step(0, "aes-256-gcm")).toEqual({ ...SEALED, cipher: "aes-256-gcm" });
  });

  it("that is taken back half-way ends where it began", () => {
    const change = new CipherChange("none");
    change.step(0, "aes-256-gcm");
    expect(change.step(500, "none")).toEqual(PLAIN);
    const other = new CipherChange("none");
    other.step(0, "aes-256-gcm");
    other.step(2_000, "aes-256-gcm");
    expect(other.step(2_500, "none")).toMatchObject({ framing: "sealed", accepts: BOTH, nextMs: 4_500 });
    expect(other.step(4_500, "none")).toMatchObject({ framing: "plain", accepts: BOTH });
  });

  it("to a cipher that this agent does not know ends in nothing being sent or taken", () => {
    const change = new CipherChange("none");
    change.step(0, "a cipher of next year");
    change.step(2_000, "a cipher of next year");
    expect(change.step(4_000, "a cipher of next year")).toEqual({ ...SEALED, cipher: null });
  });
});
