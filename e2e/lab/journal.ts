/**
 * What a lab has made, one JSON line each, written *before* the thing is made: whoever reads the journal can remove
 * the whole lab, also after a `kill -9` of its owner or in another process (`npm run demo -- --down`).
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { identify, type ProcessId } from "./process-table.ts";

export type JournalEntry =
  /** First line: whose lab it is. A dead owner makes the lab garbage unless it was kept. */
  | { readonly made: "lab"; readonly owner: ProcessId }
  /** What the root namespace looked like before. */
  | { readonly made: "snapshot"; readonly facts: readonly string[] }
  | { readonly made: "netns"; readonly name: string }
  /** Pods of this node have namespaces named `wrn-NODE-…`. */
  | { readonly made: "node"; readonly name: string }
  | { readonly made: "process"; readonly process: ProcessId; readonly what: string }
  /** A file system of the lab, mounted below its directory. */
  | { readonly made: "mount"; readonly path: string }
  | { readonly made: "kept" };

const PREFIX = "warren-lab-";

/** The directory that holds everything a lab writes. */
export function labDirectory(name: string): string {
  return join(tmpdir(), PREFIX + name);
}

const journalPath = (name: string) => join(labDirectory(name), "journal");

/** Claims the name (creating the directory is the lock). Throws `already-exists` when there is such a lab. */
export function createJournal(name: string): void {
  try {
    mkdirSync(labDirectory(name), { mode: 0o700 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new WarrenError("already-exists", `a lab named ${name} exists already, see ${labDirectory(name)}`, { cause });
  }
  record(name, { made: "lab", owner: identify(process.pid) ?? { pid: process.pid, started: "" } });
}

export function record(name: string, entry: JournalEntry): void {
  appendFileSync(journalPath(name), `${JSON.stringify(entry)}\n`);
}

/** All entries; empty when there is no such lab. A line cut short by a crash is left out. */
export function readJournal(name: string): JournalEntry[] {
  if (!existsSync(journalPath(name))) return [];
  return readFileSync(journalPath(name), "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as JournalEntry];
      } catch {
        return [];
      }
    });
}

/** Names of all labs on this machine, running or not. */
export function listLabs(): string[] {
  return readdirSync(tmpdir())
    .filter((entry) => entry.startsWith(PREFIX))
    .map((entry) => entry.slice(PREFIX.length));
}
