import type { ListenResult, ListenTask } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { encodeAnswer, type Probe, readProbe, sessionMark } from "./probe-message.ts";
import type { ProbeEndpoint, ProbeNetwork, ProbeSocket } from "./probe-network.ts";
import type { PlaceFinder } from "./probe-place.ts";

/** Sockets of all tests of a node together. */
const MAX_LISTENERS = 2_048;
/** Answers of a listener that are on their way to the kernel; more is a flood, and lost. */
const MAX_ANSWERS = 256;
/** A place with addresses of both families listens on the same port of both; how often another one is tried. */
const PORT_TRIES = 8;

type Listener = ListenResult["listeners"][number];

/** Whether an address is one of the mesh. */
export type IsInMesh = (address: string) => boolean;

/**
 * The sockets that answer probes on this node. Each answers what carries its session, once for each probe, until its time
 * is over.
 */
export class ProbeListeners {
  readonly #network: ProbeNetwork;
  readonly #clock: Clock;
  readonly #open = new Set<ProbeSocket>();
  readonly #cancels = new Set<() => void>();

  constructor(network: ProbeNetwork, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Listens at every place where it can; resolves when all are open. */
  async listen(task: ListenTask, find: PlaceFinder, isInMesh: IsInMesh): Promise<ListenResult> {
    const session = sessionMark(task.session);
    const mine: ProbeSocket[] = [];
    const listeners: Listener[] = [];
    for (const place of task.places) {
      try {
        const { netns, addresses } = find(place);
        const sockets = await this.#openAll(netns, addresses);
        mine.push(...sockets);
        for (const socket of sockets) answerProbes(socket, session, isInMesh);
        listeners.push({ addresses, port: sockets[0]!.port });
      } catch (thrown) {
        listeners.push({ addresses: [], port: 0, error: WarrenError.from(thrown).message });
      }
    }
    this.#endAfter(task.seconds, mine);
    return { listeners };
  }

  close(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    for (const socket of [...this.#open]) this.#shut(socket);
  }

  #endAfter(seconds: number, sockets: readonly ProbeSocket[]): void {
    const cancel = this.#clock.after(seconds * 1000, () => {
      this.#cancels.delete(cancel);
      for (const socket of sockets) this.#shut(socket);
    });
    this.#cancels.add(cancel);
  }

  async #openAll(netns: string | null, addresses: readonly string[]): Promise<ProbeSocket[]> {
    for (let left = PORT_TRIES; ; left--) {
      const sockets: ProbeSocket[] = [];
      try {
        for (const address of addresses) {
          if (this.#open.size >= MAX_LISTENERS)
            throw new WarrenError("busy", `${MAX_LISTENERS} listeners of self-tests are open here; try again later`);
          const socket = await this.#network.open({ netns, address, port: sockets[0]?.port ?? 0 });
          this.#open.add(socket);
          sockets.push(socket);
        }
        return sockets;
      } catch (thrown) {
        for (const socket of sockets) this.#shut(socket);
        if (left <= 1 || WarrenError.from(thrown).code !== "port-in-use") throw thrown;
      }
    }
  }

  #shut(socket: ProbeSocket): void {
    if (this.#open.delete(socket)) socket.close();
  }
}

function answerProbes(socket: ProbeSocket, session: Uint8Array, isInMesh: IsInMesh): void {
  let open = 0;
  socket.onDatagram((payload, from) => {
    const probe = readProbe(payload, session);
    if (!probe || open >= MAX_ANSWERS) return;
    // A source that is not of the mesh is made up, or NAT, of which the answer tells: it needs no length for that, and nobody
    // outside is sent more than was spent.
    const wanted = isInMesh(from.address) ? probe : { ...probe, answerLength: 0 };
    open += 1;
    // What cannot be answered is lost, as any datagram may be: the sender says so.
    const answered = answer(socket, session, wanted, from).catch(() => {});
    void answered.finally(() => (open -= 1));
  });
}

async function answer(socket: ProbeSocket, session: Uint8Array, probe: Probe, from: ProbeEndpoint): Promise<void> {
  const seen = { address: parseAddress(from.address), port: from.port };
  const outcome = await socket.send(encodeAnswer(session, probe, seen, false), from);
  if (outcome === "too-long") await socket.send(encodeAnswer(session, probe, seen, true), from);
}
