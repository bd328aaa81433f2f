import { DROP_REASONS, type DropReason } from "./drop.ts";

/**
 * Counters in shared memory, as doubles: exact up to 2^53, written by plain stores, no BigInt. Each number has exactly
 * one writing thread (hence two blocks of drops), and an aligned 8-byte store is seen whole by any reader.
 *
 *     [0…63] drops of egress   [64…127] drops of ingress   [128…131] system calls
 *     [256…383] stages, 64 for each of two workers   [384…] four per peer slot
 */
export type Counters = Float64Array;

export const EGRESS_DROPS = 0;
export const INGRESS_DROPS = 64;
export const SYSCALL_TUN_READ = 128;
export const SYSCALL_TUN_WRITE = 129;
export const SYSCALL_UDP_SEND = 130;
export const SYSCALL_UDP_RECEIVE = 131;
const STAGES = 256;
const PER_WORKER = 64;
const PEERS = 384;
const PER_PEER = 4;

/** Peers that can be counted apart; a cluster may have fewer than this. */
export const COUNTER_SLOTS = 16_384;
export const COUNTER_BYTES = (PEERS + COUNTER_SLOTS * PER_PEER) * Float64Array.BYTES_PER_ELEMENT;

/** Index of the first of a peer's four counters: tx packets, tx bytes, rx packets, rx bytes. */
export function peerCounters(slot: number): number {
  return PEERS + slot * PER_PEER;
}

/** Index of the first of a worker's counters of stages: five totals, then two for each stage. */
export function workerStages(worker: number): number {
  return STAGES + worker * PER_WORKER;
}

/** CPU time of the thread while its stages were timed, in ns; the part of it that the timing itself took. */
export const STAGE_TOTAL_NS = 0;
export const STAGE_OWN_NS = 1;
/** Rounds of the worker's loop meanwhile; those of them that were timed. */
export const STAGE_ROUNDS = 2;
export const STAGE_TIMED_ROUNDS = 3;
/** Time of the stages of timed rounds in which the thread did not run, as it turned out later. */
export const STAGE_UNPLACED_NS = 4;

/** Offset in a block of a stage's two counters: ns, and how often it ended. Both from timed rounds only. */
export function stageCounters(stage: number): number {
  return 5 + stage * 2;
}

export const DROP = Object.fromEntries(DROP_REASONS.map((reason, index) => [reason, index])) as Record<
  DropReason,
  number
>;
