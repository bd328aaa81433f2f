import { loadLibcrypto } from "./libcrypto.ts";
import { OpensslAead } from "./openssl-aead.ts";
import { OpensslBatch } from "./openssl-batch.ts";
import { OpensslCalls } from "./openssl-calls.ts";
import { aeadContract } from "./testing/aead-contract.ts";

const batch = new OpensslBatch();
const calls = new OpensslCalls(loadLibcrypto());

aeadContract("OpenSSL in batches", { open: (cipher, bytes) => new OpensslAead(cipher, bytes, batch) });
aeadContract("OpenSSL call by call", {
  open: (cipher, bytes) => new OpensslAead(cipher, bytes, calls),
  allocates: true,
});
