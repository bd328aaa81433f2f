import { ReferenceAead } from "./reference-aead.ts";
import { aeadContract } from "./testing/aead-contract.ts";

aeadContract("node:crypto", { open: (cipher, bytes) => new ReferenceAead(cipher, bytes), allocates: true });
