import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { createArena, RECEIVE_NAME } from "../dataplane/arena.ts";
import { Egress, IDLE, MORE } from "../dataplane/egress.ts";
import { Ingress } from "../dataplane/ingress.ts";
import { StageTimer } from "../dataplane/stage-timer.ts";
import { type Direction, WAIT } from "../dataplane/stages.ts";
import { useEventFd } from "../platform/linux/eventfd.ts";
import { loadLibc, nativeAddress } from "../platform/linux/libc.ts";
import { PollSet } from "../platform/linux/poll.ts";
import { createThreadClock } from "../platform/linux/thread-clock.ts";
import { createTunPort } from "../platform/linux/tun.ts";
import { createUdpPort } from "../platform/linux/udp-port.ts";
import { emptyTables, openTables } from "../route/forwarding-tables.ts";
import { Patience } from "./patience.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

/*
 * A worker thread of the packet path: one direction, or both in turn. It has no event loop: it forwards for as long as its
 * devices have something, then waits for them and for an eventfd (`patience.ts`). It takes its messages itself when the
 * host has rung. It ends when told to, or when a device is gone.
 */

/** What a direction may do before the other, or a message, has its turn: under a millisecond. See `Egress.run`. */
const BUDGET = 256;

/** One round in so many is timed while stages are timed (ADR 0026). */
const TIMED_ROUNDS = 8;

const start = workerData as WorkerStart;
const { port } = start;
const libc = loadLibc();
const counters = new Float64Array(start.counters);
const stopFlag = new Int32Array(start.stopFlag);
const stages = new StageTimer(counters, start.worker, createThreadClock(libc), TIMED_ROUNDS);
const tables = openTables(emptyTables());
const pipelines = start.directions.map(openPipeline);
const wake = useEventFd(libc, start.eventFd);
const devices = start.directions.map((direction) => (direction === "egress" ? start.tunFd : start.udpFd));
const polled = new PollSet(libc, [start.eventFd, ...devices]);
const patience = new Patience({
  look: () => polled.wait(0) !== 0,
  block: () => polled.wait(),
  giveWay: () => libc.sched_yield(),
  now: () => performance.now(),
});
const say = (message: FromWorker) => port.postMessage(message);

function openPipeline(direction: Direction): Egress | Ingress {
  const arena = createArena(start.kernels);
  const base = nativeAddress(arena.bytes);
  arena.kernels.setNativeBase(base % 0x1_0000_0000, Math.floor(base / 0x1_0000_0000));
  const tun = createTunPort(libc, arena, start.tunFd);
  const udp = createUdpPort(libc, arena, start.udpFd, RECEIVE_NAME);
  if (direction === "egress") return new Egress(arena, tun, udp, counters, stages, tables, start);
  return new Ingress(arena, tun, udp, counters, stages, tables, {
    vni: start.vni,
    vtepMac: start.vtepMac,
    overlayMtu: start.overlayMtu,
    tso: start.tso,
    maxUdpSegments: start.uso ? start.maxSegments : 1,
  });
}

/** Takes all waiting messages. @returns false when the worker is to end. */
function obey(): boolean {
  wake.drain();
  if (Atomics.load(stopFlag, 0) !== 0) return false;
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (!received) return true;
    const message = received.message as ToWorker;
    if (message.type === "stop") return false;
    if (message.type === "tables") for (const pipeline of pipelines) pipeline.setTables(openTables(message.tables));
    else if (message.on) stages.start();
    else stages.stop();
    say({ type: "applied", id: message.id });
  }
}

/** Each direction whose device has something, once. @returns `IDLE`, `MORE`, or `-errno` */
function turn(): number {
  let result = IDLE;
  for (let i = 0; i < pipelines.length; i++) {
    if (!polled.isReady(i + 1)) continue;
    const one = pipelines[i]!.run(BUDGET);
    if (one < 0) return one;
    result |= one;
  }
  return result;
}

function forward(): void {
  let result = MORE;
  for (;;) {
    stages.round();
    if (result === IDLE) patience.wait();
    else polled.wait(0);
    stages.mark(WAIT);
    if (polled.isReady(0) && !obey()) return;
    result = turn();
    if (result < 0) {
      say({ type: "failed", errno: -result });
      return;
    }
  }
}

say({ type: "ready" });
forward();
port.close();
