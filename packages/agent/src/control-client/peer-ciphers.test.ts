import { expect, test } from "vitest";
import { PeerCiphers, pairCipher } from "./peer-ciphers.ts";

test("of a new peer nothing lingers; after a change the old cipher is good for a while", () => {
  const ciphers = new PeerCiphers();
  expect(ciphers.use(0, "a", "aes-256-gcm")).toEqual([]);
  expect(ciphers.nextMs(0)).toBeNull();
  expect(ciphers.use(100, "a", "chacha20-poly1305")).toEqual(["aes-256-gcm"]);
  expect(ciphers.nextMs(100)).toBe(15_100);
  expect(ciphers.use(15_099, "a", "chacha20-poly1305")).toEqual(["aes-256-gcm"]);
  expect(ciphers.use(15_100, "a", "chacha20-poly1305")).toEqual([]);
});

test("a peer that nothing is sealed for any more leaves no moment in the past to wait for", () => {
  const ciphers = new PeerCiphers();
  ciphers.use(0, "a", "aes-256-gcm");
  ciphers.use(100, "a", "chacha20-poly1305");
  expect([15_099, 15_100, 20_000].map((nowMs) => ciphers.nextMs(nowMs))).toEqual([15_100, null, null]);
});

test("a change that is taken back lets the other one linger", () => {
  const ciphers = new PeerCiphers();
  ciphers.use(0, "a", "aes-256-gcm");
  ciphers.use(100, "a", "chacha20-poly1305");
  expect(ciphers.use(200, "a", "aes-256-gcm")).toEqual(["chacha20-poly1305"]);
});

test("a peer that was gone comes back as a new one", () => {
  const ciphers = new PeerCiphers();
  ciphers.use(0, "a", "aes-256-gcm");
  ciphers.keep(new Set(["b"]));
  expect(ciphers.use(1, "a", "chacha20-poly1305")).toEqual([]);
});

test("a pair's own cipher goes before the cluster's, whoever is named first, and only if it seals", () => {
  const node = (id: string) => ({ id, foreign: false });
  const cluster = (cipher: string) => ({ pair_ciphers: [{ node_a: "a", node_b: "b", cipher }] });
  expect(pairCipher(cluster("aes-256-gcm"), "b", node("a"), "chacha20-poly1305")).toBe("aes-256-gcm");
  expect(pairCipher(cluster("aes-256-gcm"), "a", node("c"), "chacha20-poly1305")).toBe("chacha20-poly1305");
  expect(pairCipher(cluster("none"), "a", node("b"), "chacha20-poly1305")).toBe("chacha20-poly1305");
});

test("a foreign peer speaks WireGuard, whatever the cluster's cipher is", () => {
  expect(pairCipher({ pair_ciphers: [] }, "a", { id: "w", foreign: true }, "aes-256-gcm")).toBe("chacha20-poly1305");
});
