import { type Arena, createArena, RECEIVE_NAME } from "../dataplane/arena.ts";
import type { Counters } from "../dataplane/counters.ts";
import { Egress } from "../dataplane/egress.ts";
import { Ingress } from "../dataplane/ingress.ts";
import { CLOSED_UDP, type UdpPort } from "../dataplane/ports.ts";
import { SealedIngress } from "../dataplane/sealed-ingress.ts";
import type { StageTimer } from "../dataplane/stage-timer.ts";
import { type Libc, nativeAddress } from "../platform/linux/libc.ts";
import { createTunPort } from "../platform/linux/tun.ts";
import { createUdpPort } from "../platform/linux/udp-port.ts";
import { emptyTables, type ForwardingTables, openTables } from "../route/forwarding-tables.ts";
import { ReceiveSessions } from "../secure/receive-sessions.ts";
import { SendSessions } from "../secure/send-sessions.ts";
import { pathAeads } from "./path-aeads.ts";
import { createOpener, createSealer, obeyOrder, type SealingNews, type SessionOrder } from "./sealing-sides.ts";
import { createSharedClock } from "./shared-clock.ts";
import type { WorkerStart } from "./worker-messages.ts";

/** One road of packets, and the descriptor that has something for it. */
export interface Pipeline {
  readonly fd: number;
  run(budget: number): number;
  setTables(tables: ForwardingTables): void;
}

/** What a worker's roads are made of. */
export interface PipelineParts {
  readonly libc: Libc;
  readonly start: WorkerStart;
  readonly counters: Counters;
  readonly stages: StageTimer;
  readonly news: SealingNews;
}

interface EgressRoad {
  readonly arena: Arena;
  readonly pipeline: Egress;
  readonly socket: (fd: number) => UdpPort;
}

interface SealedRoad {
  readonly sessions: ReceiveSessions;
  readonly open: (fd: number) => SealedIngress;
}

/** The roads of one worker. Which there are depends on the sockets that are open. */
export class WorkerPipelines {
  readonly #parts: PipelineParts;
  readonly #now: () => number;
  readonly #egress: EgressRoad | null;
  #send: SendSessions | null = null;
  #receive: SealedRoad | null = null;
  #plain: Pipeline | null = null;
  #sealed: Pipeline | null = null;
  #tables = openTables(emptyTables());

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#now = createSharedClock(parts.libc);
    this.#egress = parts.start.directions.includes("egress") ? this.#openEgress() : null;
  }

  /** In the order in which they have their turn. */
  all(): Pipeline[] {
    const { tunFd } = this.#parts.start;
    const egress = this.#egress && { ...bound(this.#egress.pipeline), fd: tunFd };
    return [egress, this.#plain, this.#sealed].filter((pipeline) => pipeline !== null);
  }

  setTables(tables: ForwardingTables): void {
    this.#tables = tables;
    for (const pipeline of this.all()) pipeline.setTables(tables);
  }

  /** @param plain descriptor of the socket for VXLAN, -1 for none; `sealed` that for sealed traffic */
  setSockets(plain: number, sealed: number): void {
    if (sealed >= 0) this.#enableSealing();
    if (this.#egress) {
      const { pipeline, socket } = this.#egress;
      pipeline.setSockets(plain >= 0 ? socket(plain) : CLOSED_UDP, sealed >= 0 ? socket(sealed) : CLOSED_UDP);
    }
    if (!this.#parts.start.directions.includes("ingress")) return;
    if (this.#plain?.fd !== plain) this.#plain = plain >= 0 ? { ...bound(this.#openIngress(plain)), fd: plain } : null;
    if (this.#sealed?.fd !== sealed)
      this.#sealed = sealed >= 0 ? { ...bound(this.#receive!.open(sealed)), fd: sealed } : null;
    this.setTables(this.#tables);
  }

  obey(order: SessionOrder): void {
    const send = this.#egress && this.#send && { egress: this.#egress.pipeline, sessions: this.#send };
    obeyOrder({ send: send ?? undefined, receive: this.#receive?.sessions }, order);
  }

  #openEgress(): EgressRoad {
    const { libc, start, counters, stages } = this.#parts;
    const arena = this.#arena();
    const tun = createTunPort(libc, arena, start.tunFd);
    const pipeline = new Egress(arena, tun, CLOSED_UDP, counters, stages, this.#tables, start);
    return { arena, pipeline, socket: (fd) => createUdpPort(libc, arena, fd, RECEIVE_NAME) };
  }

  #openIngress(fd: number): Ingress {
    const { libc, start, counters, stages } = this.#parts;
    const arena = this.#arena();
    const tun = createTunPort(libc, arena, start.tunFd);
    const udp = createUdpPort(libc, arena, fd, RECEIVE_NAME);
    return new Ingress(arena, tun, udp, counters, stages, this.#tables, this.#deliveryOptions());
  }

  /** Loads what sealing needs with the first socket for it: an agent of a plain cluster has none of it in memory. */
  #enableSealing(): void {
    const { libc, start, counters, stages, news } = this.#parts;
    const activity = new Float64Array(start.activity);
    if (this.#egress && !this.#send) {
      const { arena, pipeline } = this.#egress;
      const { bytes } = arena;
      this.#send = new SendSessions({ aeads: pathAeads(bytes), bytes, activity, slots: start.slots });
      pipeline.enableSealing(createSealer(this.#send, this.#now, news), start.overlayMtu);
    }
    if (start.directions.includes("ingress") && !this.#receive) {
      const arena = this.#arena();
      const { bytes } = arena;
      const tally = new Float64Array(start.tally);
      const sessions = new ReceiveSessions({ aeads: pathAeads(bytes), bytes, activity, tally });
      const opener = createOpener(sessions, arena, this.#now, news);
      const tun = createTunPort(libc, arena, start.tunFd);
      const open = (fd: number): SealedIngress => {
        const udp = createUdpPort(libc, arena, fd, RECEIVE_NAME);
        return new SealedIngress(arena, tun, udp, opener, counters, stages, this.#tables, this.#deliveryOptions());
      };
      this.#receive = { sessions, open };
    }
  }

  #arena(): Arena {
    const arena = createArena(this.#parts.start.kernels);
    const base = nativeAddress(arena.bytes);
    arena.kernels.setNativeBase(base % 0x1_0000_0000, Math.floor(base / 0x1_0000_0000));
    return arena;
  }

  #deliveryOptions() {
    const { vni, vtepMac, tso, uso, maxSegments } = this.#parts.start;
    return { vni, vtepMac, tso, maxUdpSegments: uso ? maxSegments : 1 };
  }
}

function bound(pipeline: Omit<Pipeline, "fd">): Omit<Pipeline, "fd"> {
  return { run: (budget) => pipeline.run(budget), setTables: (tables) => pipeline.setTables(tables) };
}
