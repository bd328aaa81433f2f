import { DATAGRAM_HEAD, MAGIC, type Received } from "./protocol.ts";

/** More at a time than anybody measures. */
const MOST_RUNS = 64;

interface Counts {
  bytes: number;
  datagrams: number;
}

/** What the runs that are on have received. */
export class RunCounter {
  readonly #runs = new Map<number, Counts>();
  #next: number;

  /** @param first the number of the first run; runs of an earlier server must not be taken for ours */
  constructor(first: number) {
    this.#next = first >>> 0;
  }

  /** A number that no other run has. Undefined when there are too many. */
  begin(): number | undefined {
    if (this.#runs.size >= MOST_RUNS) return undefined;
    const run = this.#next;
    this.#next = (this.#next + 1) >>> 0;
    this.#runs.set(run, { bytes: 0, datagrams: 0 });
    return run;
  }

  end(run: number): void {
    this.#runs.delete(run);
  }

  knows(run: number): boolean {
    return this.#runs.has(run);
  }

  bytes(run: number, count: number): void {
    const counts = this.#runs.get(run);
    if (counts) counts.bytes += count;
  }

  /** Of what is no datagram of a run that is on, nothing is counted. */
  datagram(payload: Uint8Array): void {
    if (payload.length < DATAGRAM_HEAD) return;
    const view = new DataView(payload.buffer, payload.byteOffset);
    if (view.getUint32(0) !== MAGIC) return;
    const counts = this.#runs.get(view.getUint32(4));
    if (counts === undefined) return;
    counts.bytes += payload.length;
    counts.datagrams++;
  }

  read(run: number): Omit<Received, "seconds"> {
    const { bytes, datagrams } = this.#runs.get(run) ?? { bytes: 0, datagrams: 0 };
    return { bytes, datagrams };
  }
}
