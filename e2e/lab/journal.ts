/**
 * What a lab has made, one JSON line each, written *before* the thing is made: whoever reads the journal can remove
 * the whole lab, also after a `kill -9` of its owner or in another process (`npm run demo -- --down`).
 */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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
const JOURNAL = "journal";

/** The directory that holds everything a lab writes. */
export function labDirectory(name: string): string {
  return join(tmpdir(), PREFIX + name);
}

const journalPath = (name: string) => join(labDirectory(name), JOURNAL);

/**
 * Claims the name. The directory comes into being with its first line in it, so that there is no lab without an owner.
 * Throws `already-exists` when there is such a lab.
 */
export function createJournal(name: string): void {
  const owner: JournalEntry = { made: "lab", owner: identify(process.pid) ?? { pid: process.pid, started: "" } };
  const draft = mkdtempSync(join(tmpdir(), "warren-draft-"));
  writeFileSync(join(draft, JOURNAL), `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  try {
    renameSync(draft, labDirectory(name));
  } catch (cause) {
    rmSync(draft, { recursive: true });
    if (!["EEXIST", "ENOTEMPTY"].includes((cause as NodeJS.ErrnoException).code ?? "")) throw cause;
    throw new WarrenError("already-exists", `a lab named ${name} exists already, see ${labDirectory(name)}`, { cause });
  }
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
