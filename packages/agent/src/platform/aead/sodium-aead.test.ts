import { SodiumAead } from "./sodium-aead.ts";
import { loadSodium } from "./sodium-heap.ts";
import { aeadContract } from "./testing/aead-contract.ts";

aeadContract("libsodium", {
  open: async (_, bytes) => new SodiumAead(await loadSodium(), bytes),
  ciphers: ["chacha20-poly1305"],
});
