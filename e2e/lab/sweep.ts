/** Removes a lab by what its journal says: the end of every lab, orderly or not. Idempotent. */
import { existsSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { tryRun } from "@warren/common/runtime/run.ts";
import { newSince, readHostState } from "./host-state.ts";
import { type JournalEntry, labDirectory, listLabs, readJournal } from "./journal.ts";
import { deleteNetns, listNetns, netnsInode } from "./netns.ts";
import { commandOf, endProcesses, isAlive, type ProcessId, processesIn } from "./process-table.ts";

type Made<K extends JournalEntry["made"]> = Extract<JournalEntry, { made: K }>;

export function entriesOf<K extends JournalEntry["made"]>(entries: readonly JournalEntry[], made: K): Made<K>[] {
  return entries.filter((entry): entry is Made<K> => entry.made === made);
}

/** The lab's own namespaces and those of the pods of its nodes, as far as they exist now. */
export function namespacesOf(entries: readonly JournalEntry[]): string[] {
  const own = new Set(entriesOf(entries, "netns").map((entry) => entry.name));
  const podPrefixes = entriesOf(entries, "node").map((entry) => `wrn-${entry.name}-`);
  return listNetns().filter((name) => own.has(name) || podPrefixes.some((prefix) => name.startsWith(prefix)));
}

/**
 * Every process of the lab that is alive: those it started, and whoever lives in one of its namespaces. Asked while
 * the namespaces have their names: the kernel gives the inode number of a freed one to the next.
 */
export function processesOf(entries: readonly JournalEntry[]): ProcessId[] {
  const inodes = new Set(namespacesOf(entries).flatMap((name) => netnsInode(name) ?? []));
  const started = entriesOf(entries, "process").map((entry) => entry.process);
  const byPid = new Map([...started.filter(isAlive), ...processesIn(inodes)].map((process) => [process.pid, process]));
  byPid.delete(process.pid);
  return [...byPid.values()];
}

/** Ends the lab's processes (first asked, after `graceMs` made), removes its namespaces and its directory. */
export async function sweepLab(name: string, graceMs = 5_000): Promise<void> {
  const entries = readJournal(name);
  await endProcesses(processesOf(entries), graceMs);
  // A pod's process that an agent was just starting shows up only now.
  for (let more = processesOf(entries); more.length > 0; more = processesOf(entries)) await endProcesses(more, 500);
  for (const netns of namespacesOf(entries)) await deleteNetns(netns);
  // Not mounted any more is as good.
  for (const { path } of entriesOf(entries, "mount")) await tryRun("umount", [path]);
  rmSync(labDirectory(name), { recursive: true, force: true });
}

/** Removes labs whose owner died without removing them. Returns their names. */
export async function sweepDeadLabs(): Promise<string[]> {
  const dead = listLabs().filter((name) => {
    const entries = readJournal(name);
    const owner = entriesOf(entries, "lab")[0]?.owner;
    return owner !== undefined && !isAlive(owner) && entriesOf(entries, "kept").length === 0;
  });
  for (const name of dead) await sweepLab(name, 1_000);
  return dead;
}

/** The journal, with everything that lives in the lab's namespaces now: what `leftoversOf` needs when both are gone. */
export function remember(name: string): JournalEntry[] {
  const entries = readJournal(name);
  return [...entries, ...processesOf(entries).map((process) => ({ made: "process", process, what: "" }) as const)];
}

/**
 * What is left of a lab, one line each: its namespaces, processes and directory, and whatever is in the root namespace
 * (links, routes, rules, nftables tables, Warren's default directories) that was not there before it. Waits up to 3 s
 * for nothing, because the kernel frees namespaces in the background.
 */
export async function leftoversOf(name: string, entries: readonly JournalEntry[]): Promise<string[]> {
  const before = new Set(entriesOf(entries, "snapshot")[0]?.facts);
  const deadline = performance.now() + 3_000;
  for (;;) {
    const left = [
      ...namespacesOf(entries).map((netns) => `namespace ${netns}`),
      ...processesOf(entries).map(({ pid }) => `process ${pid} ${commandOf(pid)}`),
      ...(existsSync(labDirectory(name)) ? [`directory ${labDirectory(name)}`] : []),
      ...newSince(before, await readHostState()),
    ];
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(200);
  }
}

/** Removes a lab of another process, running or not, and returns what is left of it; null when there is none. */
export async function removeLab(name: string): Promise<string[] | null> {
  const entries = remember(name);
  if (entries.length === 0) return null;
  await sweepLab(name);
  return leftoversOf(name, entries);
}
