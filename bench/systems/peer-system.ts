import type { Lab } from "@warren/e2e/lab/lab.ts";
import { describePeer, obtainPeer, type Peer, type PeerPrograms } from "@warren/e2e/lab/peers/peer.ts";
import type { Contender, System } from "./system.ts";

/** A system whose programs are another project's. */
export function peerSystem(peer: Peer, about: string, on: (lab: Lab, programs: PeerPrograms) => Contender): System {
  // Once a run, however many suites ask: the registry may answer differently the second time.
  let obtained: Promise<PeerPrograms> | undefined;
  return {
    name: peer.name,
    about,
    describe: (signal) => describePeer(peer, signal),
    prepare: async (context) => {
      obtained ??= obtainPeer(peer, context);
      const programs = await obtained;
      return { version: programs.version, on: (lab) => on(lab, programs) };
    },
  };
}
