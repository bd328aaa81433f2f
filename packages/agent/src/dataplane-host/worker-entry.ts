import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { IDLE, MORE } from "../dataplane/egress.ts";
import { StageTimer } from "../dataplane/stage-timer.ts";
import { WAIT } from "../dataplane/stages.ts";
import { useEventFd } from "../platform/linux/eventfd.ts";
import { loadLibc } from "../platform/linux/libc.ts";
import { PollSet } from "../platform/linux/poll.ts";
import { createThreadClock } from "../platform/linux/thread-clock.ts";
import { openTables } from "../route/forwarding-tables.ts";
import { HandshakeQueue } from "./handshake-queue.ts";
import { Patience } from "./patience.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";
import { WorkerPipelines } from "./worker-pipelines.ts";

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
const say = (message: FromWorker) => port.postMessage(message);
const queue = new HandshakeQueue(start.handshakes);
const roads = new WorkerPipelines({
  ...{ libc, start, counters, stages },
  news: {
    wanted: (slot) => say({ type: "wanted", slot }),
    lost: (slot) => say({ type: "lost", slot }),
    confirmed: (localIndex) => say({ type: "confirmed", localIndex }),
    roamed: (localIndex, from) => say({ type: "roamed", localIndex, from }),
    handshake(message, from) {
      if (!queue.enter()) return false;
      say({ type: "handshake", message, from });
      return true;
    },
  },
});
const wake = useEventFd(libc, start.eventFd);
let pipelines = roads.all();
let polled = pollAll();
const patience = new Patience({
  look: () => polled.wait(0) !== 0,
  block: () => polled.wait(),
  giveWay: () => libc.sched_yield(),
  now: () => performance.now(),
});

function pollAll(): PollSet {
  return new PollSet(libc, [start.eventFd, ...pipelines.map((pipeline) => pipeline.fd)]);
}

/** Takes all waiting messages. @returns false when the worker is to end. */
function obey(): boolean {
  wake.drain();
  if (Atomics.load(stopFlag, 0) !== 0) return false;
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (!received) return true;
    if (!take(received.message as ToWorker)) return false;
  }
}

/** False for the one that ends the worker. */
function take(message: ToWorker): boolean {
  switch (message.type) {
    case "stop":
      return false;
    case "session":
      roads.obey(message.order);
      return true;
    case "tables":
      roads.setTables(openTables(message.tables));
      break;
    case "sockets":
      roads.setSockets(message.plain, message.sealed);
      pipelines = roads.all();
      polled = pollAll();
      break;
    case "time-stages":
      if (message.on) stages.start();
      else stages.stop();
      break;
  }
  say({ type: "applied", id: message.id });
  return true;
}

/** Each road whose device has something, once. @returns `IDLE`, `MORE`, or `-errno` */
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
    if (polled.isReady(0)) {
      if (!obey()) return;
      // What was found readable may be another set of descriptors by now.
      polled.wait(0);
    }
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
