import type { LabNode } from "@warren/e2e/lab/node.ts";
import type { Supervised } from "@warren/e2e/lab/supervised.ts";
import type { Contender } from "./system.ts";

/** One of the two hosts, as an overlay of user space sees it. */
export interface End {
  readonly host: LabNode;
  /** In the overlay. */
  readonly address: string;
}

export interface DaemonPair<E extends End> {
  readonly name: string;
  /** Client and server. */
  readonly ends: readonly [E, E];
  /** What has to be there before the first daemon starts. */
  before?(signal: AbortSignal): Promise<void>;
  launch(own: E, peer: E): Promise<Supervised>;
  /** What a daemon that runs has to be told. */
  configure?(daemon: Supervised, own: E, peer: E, signal: AbortSignal): Promise<void>;
  /** Removes what daemons leave behind. */
  after?(): void;
}

/** An overlay that is one daemon on each host, and nothing else. */
export function daemonPair<E extends End>(pair: DaemonPair<E>): Contender {
  const [client, server] = pair.ends;
  let running: Supervised[] = [];
  const start = async (own: E, peer: E, signal: AbortSignal): Promise<Supervised> => {
    const daemon = await pair.launch(own, peer);
    running.push(daemon);
    await pair.configure?.(daemon, own, peer, signal);
    return daemon;
  };
  return {
    name: pair.name,
    setUp: async (signal) => {
      await pair.before?.(signal);
      await start(client, server, signal);
      const daemon = await start(server, client, signal);
      return { client: client.host, server: server.host, serverAddress: server.address, serverProcesses: [daemon] };
    },
    tearDown: async () => {
      for (const daemon of running) await daemon.end(2_000);
      running = [];
      pair.after?.();
    },
  };
}
