import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import { ReferenceAead } from "../../platform/aead/reference-aead.ts";
import type { Aead } from "../aead.ts";
import type { Session } from "../session.ts";

let drawn = 0;

/** Bytes nobody had before, as a handshake's ephemeral keys make them. */
export function freshKey(): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(32).fill(0x5a);
  new DataView(key.buffer).setUint32(0, ++drawn);
  return key;
}

export function sessionOf(change: Partial<Session> = {}): Session {
  return {
    slot: 0,
    cipher: "chacha20-poly1305",
    localIndex: 0x1111_1111,
    remoteIndex: 0x2222_2222,
    sendKey: freshKey(),
    receiveKey: freshKey(),
    keyEpoch: 1,
    rejectAfterMs: 180_000,
    ...change,
  };
}

/** The same session as the peer has it. */
export function mirrored(session: Session, change: Partial<Session> = {}): Session {
  return {
    ...session,
    localIndex: session.remoteIndex,
    remoteIndex: session.localIndex,
    sendKey: session.receiveKey.slice(),
    receiveKey: session.sendKey.slice(),
    ...change,
  };
}

export function aeadsOf(make: (cipher: SealingCipher) => Aead): Record<SealingCipher, Aead> {
  return Object.fromEntries(SEALING_CIPHERS.map((cipher) => [cipher, make(cipher)])) as Record<SealingCipher, Aead>;
}

export function referenceAeads(bytes: Uint8Array): Record<SealingCipher, Aead> {
  return aeadsOf((cipher) => new ReferenceAead(cipher, bytes));
}
