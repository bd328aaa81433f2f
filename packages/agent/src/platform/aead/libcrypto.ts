import koffi from "koffi";

/**
 * The functions of OpenSSL that seal and open. They are in the Node binary itself, which exports them. Pointers are
 * numbers, as in `linux/libc.ts`. A call costs 28 ns, and about 9 more for each argument: where there are two ways, the
 * one with fewer arguments is the faster.
 *
 * Unless it says otherwise, a function returns 1, and 0 or less when it failed.
 */
export interface Libcrypto {
  readonly EVP_CIPHER_CTX_new: () => number;
  readonly EVP_CIPHER_CTX_free: (ctx: number) => void;
  readonly EVP_aes_256_gcm: () => number;
  readonly EVP_chacha20_poly1305: () => number;
  readonly EVP_EncryptInit_ex: (ctx: number, cipher: number, engine: number, key: number, iv: number) => number;
  readonly EVP_DecryptInit_ex: (ctx: number, cipher: number, engine: number, key: number, iv: number) => number;
  /** @returns bytes written, or -1 */
  readonly EVP_Cipher: (ctx: number, out: number, input: number, length: number) => number;
  readonly EVP_EncryptFinal_ex: (ctx: number, out: number, written: number) => number;
  readonly EVP_DecryptFinal_ex: (ctx: number, out: number, written: number) => number;
  readonly EVP_CIPHER_CTX_ctrl: (ctx: number, type: number, length: number, at: number) => number;
}

/** `EVP_CTRL_AEAD_GET_TAG` and `EVP_CTRL_AEAD_SET_TAG` of OpenSSL's evp.h. */
export const GET_TAG = 0x10;
export const SET_TAG = 0x11;

const SIGNATURES = {
  EVP_CIPHER_CTX_new: "uint64_t EVP_CIPHER_CTX_new()",
  EVP_CIPHER_CTX_free: "void EVP_CIPHER_CTX_free(uint64_t ctx)",
  EVP_aes_256_gcm: "uint64_t EVP_aes_256_gcm()",
  EVP_chacha20_poly1305: "uint64_t EVP_chacha20_poly1305()",
  EVP_EncryptInit_ex:
    "int EVP_EncryptInit_ex(uint64_t ctx, uint64_t cipher, uint64_t engine, uint64_t key, uint64_t iv)",
  EVP_DecryptInit_ex:
    "int EVP_DecryptInit_ex(uint64_t ctx, uint64_t cipher, uint64_t engine, uint64_t key, uint64_t iv)",
  EVP_Cipher: "int EVP_Cipher(uint64_t ctx, uint64_t out, uint64_t input, uint32_t length)",
  EVP_EncryptFinal_ex: "int EVP_EncryptFinal_ex(uint64_t ctx, uint64_t out, uint64_t written)",
  EVP_DecryptFinal_ex: "int EVP_DecryptFinal_ex(uint64_t ctx, uint64_t out, uint64_t written)",
  EVP_CIPHER_CTX_ctrl: "int EVP_CIPHER_CTX_ctrl(uint64_t ctx, int type, int length, uint64_t at)",
} as const satisfies Record<keyof Libcrypto, string>;

let loaded: Libcrypto | undefined;

/**
 * OpenSSL in this process; bound on the first call in each thread.
 *
 * @throws when the Node binary was built without it, or hides its symbols
 */
export function loadLibcrypto(): Libcrypto {
  if (loaded) return loaded;
  const library = koffi.load(null);
  const functions = Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)]),
  );
  loaded = functions as unknown as Libcrypto;
  return loaded;
}

/** Address of a function, for one that is not called from JavaScript. @throws when there is none of this name */
export function functionAddress(name: keyof Libcrypto): number {
  const dlsym = koffi.load(null).func("uint64_t dlsym(uint64_t handle, const char *name)");
  const at = Number(dlsym(0, name));
  if (at === 0) throw new Error(`this Node binary has no ${name}`);
  return at;
}
