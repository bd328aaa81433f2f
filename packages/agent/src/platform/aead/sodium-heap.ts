/**
 * The raw functions of libsodium's WebAssembly module, of which libsodium-wrappers says nothing in its types. Pointers
 * are offsets into its heap; a length of 64 bits is two numbers, low and high; a function returns 0 when it did its work.
 */
export interface SodiumHeap {
  /** Another array after the heap grew. */
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(at: number): void;
  _crypto_aead_chacha20poly1305_ietf_encrypt_detached(
    cipher: number,
    tag: number,
    tagLength: number,
    text: number,
    textLow: number,
    textHigh: number,
    data: number,
    dataLow: number,
    dataHigh: number,
    secretNonce: number,
    nonce: number,
    key: number,
  ): number;
  _crypto_aead_chacha20poly1305_ietf_decrypt_detached(
    text: number,
    secretNonce: number,
    cipher: number,
    cipherLow: number,
    cipherHigh: number,
    tag: number,
    data: number,
    dataLow: number,
    dataHigh: number,
    nonce: number,
    key: number,
  ): number;
}

/** Loads libsodium, a megabyte of JavaScript, on first use. @throws when WebAssembly does not start */
export async function loadSodium(): Promise<SodiumHeap> {
  const sodium = await import("libsodium-wrappers");
  await sodium.ready;
  return (sodium as unknown as { readonly libsodium: SodiumHeap }).libsodium;
}
