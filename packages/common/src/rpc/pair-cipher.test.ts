import { expect, test } from "vitest";
import type { ClusterMessage } from "./messages.ts";
import { ciphersOf } from "./pair-cipher.ts";

const cluster: ClusterMessage = {
  ...{ id: "c", pod_cidrs: [], vni: 1, port: 4789, encapsulation: "always", sealed_port: 51820 },
  cipher: "aes-256-gcm",
  pair_ciphers: [
    { node_a: "a", node_b: "b", cipher: "chacha20-poly1305" },
    { node_a: "b", node_b: "c", cipher: "chacha20-poly1305" },
    { node_a: "d", node_b: "a", cipher: "rot13" },
    { node_a: "e", node_b: "a", cipher: "none" },
    { node_a: "a", node_b: "g", cipher: "" },
  ],
};
const peer = (id: string, foreign = false) => ({ id, foreign });

test("a pair has its own cipher, in either order, and every other pair the cluster's", () => {
  expect(ciphersOf(cluster, "a")(peer("b"))).toBe("chacha20-poly1305");
  expect(ciphersOf(cluster, "b")(peer("a"))).toBe("chacha20-poly1305");
  expect(ciphersOf(cluster, "a")(peer("c"))).toBe("aes-256-gcm");
});

test("a foreign peer speaks WireGuard, whatever the cluster's cipher is", () => {
  expect(ciphersOf(cluster, "a")(peer("w", true))).toBe("chacha20-poly1305");
});

test("what is not known, or would be in the clear in a sealed cluster, is no cipher to send with", () => {
  for (const id of ["d", "e", "g"]) expect(ciphersOf(cluster, "a")(peer(id))).toBeNull();
  expect(ciphersOf({ ...cluster, cipher: "rot13" }, "a")(peer("z"))).toBeNull();
});

test("a plain cluster has no pairs", () => {
  for (const cipher of ["none", ""])
    for (const id of ["b", "d", "z"]) expect(ciphersOf({ ...cluster, cipher }, "a")(peer(id))).toBe("none");
});
