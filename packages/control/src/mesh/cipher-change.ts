import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type Cipher, isSealed } from "@warren/common/net/cipher.ts";
import { keys, type NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import type { MeshContext } from "./context.ts";
import { forgetAllPairs } from "./pair-ciphers.ts";

/**
 * Lets the cluster go over to a cipher, in the transaction, when everyone in it can: whoever could not would be cut off
 * without a word. Pairs that have a cipher of their own keep it, until nothing is sealed any more.
 * @throws `setting-conflict` with the names of those who cannot, and the ways out
 */
export function admitCipher(context: MeshContext, draft: Draft, cipher: Cipher): void {
  const { view } = context;
  // Foreign peers come and go with address management, so that none comes unseen meanwhile.
  draft.read(view.singles, keys.ipam);
  const nodes = view.nodes.values().filter((node) => node.joined);
  if (!isSealed(cipher)) {
    refuse(
      nodes.filter((node) => node.foreign && node.sealingKey),
      `cipher none while there are WireGuard peers, which take nothing in the clear`,
      'Remove them first ("warren peer del NAME"), or keep a cipher',
    );
    forgetAllPairs(context, draft);
    return;
  }
  refuse(
    nodes.filter((node) => node.foreign && !node.sealingKey),
    `cipher ${cipher} while there are VXLAN peers, which send in the clear`,
    'Remove them first ("warren peer del NAME"), or stay at cipher none',
  );
  refuse(
    nodes.filter((node) => !node.foreign && !node.sealingKey),
    `cipher ${cipher} while there are nodes whose agents cannot seal`,
    'Run the version of the control plane on them, or remove them ("warren nodes revoke NAME")',
  );
}

function refuse(those: readonly NodeRecord[], why: string, wayOut: string): void {
  if (those.length === 0) return;
  const names = those.map((node) => node.name).sort();
  const shown =
    names.length <= 10 ? names.join(", ") : `${names.slice(0, 10).join(", ")} and ${names.length - 10} more`;
  throw new WarrenError("setting-conflict", `the cluster cannot have ${why}: ${shown}. ${wayOut}`);
}
