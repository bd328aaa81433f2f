import { randomBytes } from "node:crypto";
import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { StaticKey } from "../../secure/handshake/static-key.ts";
import type { DataPlaneOptions, ForwardingView, SealingOptions } from "../data-plane.ts";
import { contractOptions, contractView } from "./two-nodes.ts";

const SEALED_PORT = 51820;
/** Underlay of 1500 bytes, IPv4. */
const SEALED_MTU = 1440;

/** The key of a node of the contract suite: the same in every process. */
export function contractKey(node: 1 | 2): StaticKey {
  return StaticKey.create(new Uint8Array(32).fill(node));
}

export function contractSealing(node: 1 | 2, clock: Clock): SealingOptions {
  return {
    port: SEALED_PORT,
    clock,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    keys: () => ({ current: { epoch: 1, key: contractKey(node) }, previous: null }),
    timestamps: { read: () => ({}), touch: () => {} },
    warn: () => {},
  };
}

export function sealedOptions(node: 1 | 2): DataPlaneOptions {
  return { ...contractOptions(node), framing: "sealed", overlayMtu: SEALED_MTU };
}

/** What a node must know to reach the other, sealed. */
export function sealedView(node: 1 | 2, cipher: SealingCipher = SEALING_CIPHERS[0]): ForwardingView {
  const view = contractView(node);
  const { publicKey } = contractKey((3 - node) as 1 | 2);
  const sealing = { publicKey, port: SEALED_PORT, cipher, alsoAccepts: [], persistentKeepaliveMs: 0 };
  return {
    ...view,
    framing: "sealed",
    overlayMtu: SEALED_MTU,
    peers: view.peers.map((peer) => ({ ...peer, sealing })),
  };
}
