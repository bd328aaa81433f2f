import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { createArena, RECEIVE_NAME } from "../dataplane/arena.ts";
import { Egress } from "../dataplane/egress.ts";
import { Ingress } from "../dataplane/ingress.ts";
import { StageTimer } from "../dataplane/stage-timer.ts";
import { WAIT } from "../dataplane/stages.ts";
import { useEventFd } from "../platform/linux/eventfd.ts";
import { loadLibc, nativeAddress } from "../platform/linux/libc.ts";
import { PollSet } from "../platform/linux/poll.ts";
import { createThreadClock } from "../platform/linux/thread-clock.ts";
import { createTunPort } from "../platform/linux/tun.ts";
import { createUdpPort } from "../platform/linux/udp-port.ts";
import { emptyTables, openTables } from "../route/forwarding-tables.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

/*
 * A worker thread of the packet path. It has no event loop: it is blocked in `poll` on its device and an eventfd, and
 * reads its messages itself when the eventfd wakes it. It ends when told to, or when its device is gone.
 */

/** Reads or receives between two looks at the eventfd: a few milliseconds at most, so `apply` is never starved. */
const BUDGET = 512;

/**
 * Looks at the device before the thread blocks, about 10 µs of them: being woken costs a switch and, in a virtual
 * machine, an interrupt of another core. Egress looks once, after it has let others run: the sender, on the same core, may
 * have more to say (ADR 0008).
 */
const LOOKS = { egress: 1, ingress: 20 } as const;

/** One round in so many is timed while stages are timed (ADR 0009). */
const TIMED_ROUNDS = 8;

const start = workerData as WorkerStart;
const { port } = start;
const libc = loadLibc();
const arena = createArena(start.kernels);
const base = nativeAddress(arena.bytes);
arena.kernels.setNativeBase(base % 0x1_0000_0000, Math.floor(base / 0x1_0000_0000));
const counters = new Float64Array(start.counters);
const stopFlag = new Int32Array(start.stopFlag);
const tun = createTunPort(libc, arena, start.tunFd);
const udp = createUdpPort(libc, arena, start.udpFd, RECEIVE_NAME);
const stages = new StageTimer(start.direction, counters, createThreadClock(libc), TIMED_ROUNDS);
const tables = openTables(emptyTables());
const pipeline =
  start.direction === "egress"
    ? new Egress(arena, tun, udp, counters, stages, tables, start)
    : new Ingress(arena, tun, udp, counters, stages, tables, {
        vni: start.vni,
        vtepMac: start.vtepMac,
        overlayMtu: start.overlayMtu,
        tso: start.tso,
        maxUdpSegments: start.uso ? start.maxSegments : 1,
      });
const wake = useEventFd(libc, start.eventFd);
const polled = new PollSet(libc, [start.direction === "egress" ? start.tunFd : start.udpFd, start.eventFd]);
const say = (message: FromWorker) => port.postMessage(message);

/** Takes all waiting messages. @returns false when the worker is to end. */
function obey(): boolean {
  wake.drain();
  if (Atomics.load(stopFlag, 0) !== 0) return false;
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (!received) return true;
    const message = received.message as ToWorker;
    if (message.type === "stop") return false;
    if (message.type === "tables") pipeline.setTables(openTables(message.tables));
    else if (message.on) stages.start();
    else stages.stop();
    say({ type: "applied", id: message.id });
  }
}

/** Returns when there is something to do; only the last look blocks. */
function waitForWork(): void {
  if (start.direction === "egress") libc.sched_yield();
  for (let looks = LOOKS[start.direction]; looks > 0; looks--) if (polled.wait(0) !== 0) return;
  polled.wait();
}

function forward(): void {
  for (;;) {
    stages.round();
    waitForWork();
    stages.mark(WAIT);
    if (polled.isReady(1) && !obey()) return;
    if (!polled.isReady(0)) continue;
    const result = pipeline.run(BUDGET);
    if (result < 0) {
      say({ type: "failed", errno: -result });
      return;
    }
  }
}

say({ type: "ready" });
forward();
port.close();
