import { type Aead, type AeadKey, KEY } from "./aead.ts";

/**
 * Takes a session's key into use and wipes the bytes it came in.
 *
 * @throws when the bytes are wiped already, or none: whoever sealed with such a key would seal with one that all know,
 *   and whoever took a session twice would count twice from 0
 */
export function takeKey(aead: Aead, key: Uint8Array): AeadKey {
  if (key.length !== KEY || key.every((byte) => byte === 0)) {
    throw new Error("a session is installed once, with a key of its own: this one was taken already");
  }
  const taken = aead.createKey(key);
  key.fill(0);
  return taken;
}
