import { existsSync, linkSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { entryChecksum } from "./entry-checksum.ts";
import { JournaledStore, type StoreContent } from "./journaled-store.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import type { Store, StoreEntry, StoreLease } from "./store.ts";

export interface SqliteStoreOptions {
  /** The database file; SQLite puts `-wal` beside it. */
  readonly path: string;
  readonly clock: Clock;
  readonly historyLimit?: number;
}

/** "wrn1" in the header of the file, so that no other database is taken for ours. */
const APPLICATION_ID = 0x77726e31;
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE kv (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL,
    lease INTEGER NOT NULL, sum INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (id INTEGER PRIMARY KEY, ttl_ms INTEGER NOT NULL) STRICT;
  INSERT INTO meta VALUES ('revision', 0), ('nextLease', 1);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens the store of a data directory, makes it when there is none, and holds it alone until `close` or the end of the
 * process, however it ends (SQLite's exclusive locking mode holds the kernel's file lock).
 * @throws `already-running` when another process has it open; `state-corrupt` when the file is damaged, is empty, or is
 *   no store; `disk-full`. A damaged file is left as it is.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  if (!existsSync(options.path)) create(options.path);
  if (statSync(options.path).size === 0) throw corrupt(options.path, "it is empty");
  let db: DatabaseSync | undefined;
  try {
    db = connect(options.path);
    const content = load(db, options.path);
    return new JournaledStore({ ...options, content, journal: new SqliteJournal(db, options.path) });
  } catch (error) {
    db?.close();
    throw openError(options.path, error);
  }
}

/** Makes the database under another name and links it into place, so that the real name is absent or whole. */
function create(path: string): void {
  const temporary = `${path}.new-${process.pid}`;
  const clear = () => {
    for (const suffix of ["", "-wal", "-journal"]) rmSync(temporary + suffix, { force: true });
  };
  clear();
  try {
    const db = connect(temporary);
    try {
      db.exec(`BEGIN; ${SCHEMA} COMMIT;`);
    } finally {
      // Brings the write-ahead log into the file.
      db.close();
    }
    linkSync(temporary, path);
  } catch (error) {
    // Another process was faster: its database is as good.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw openError(path, error);
  } finally {
    clear();
  }
}

function connect(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    // The lock is taken by the first write, and then kept.
    db.exec("BEGIN IMMEDIATE; COMMIT;");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function load(db: DatabaseSync, path: string): StoreContent {
  const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  const version = pragma("user_version");
  if (pragma("application_id") !== APPLICATION_ID) throw corrupt(path, "it is a database, but not a store of Warren");
  if (version !== SCHEMA_VERSION) {
    throw corrupt(path, `its format is ${String(version)}, this program knows ${SCHEMA_VERSION}`);
  }
  const check = pragma("quick_check");
  if (check !== "ok") throw corrupt(path, String(check));
  const rows = db.prepare("SELECT * FROM kv").all() as unknown as KvRow[];
  const meta = db.prepare("SELECT name, value FROM meta").all() as unknown as { name: string; value: number }[];
  const leases = db.prepare("SELECT id, ttl_ms AS ttlMs FROM leases").all() as unknown as StoreLease[];
  const entries = rows.map((row) => readEntry(row, path));
  // A counter that was set back would give numbers a second time.
  const counter = (name: string, given: readonly number[]): number => {
    const value = meta.find((row) => row.name === name)?.value ?? -1;
    if (given.every((number) => number <= value)) return value;
    throw corrupt(path, `its counter ${name} is ${value}, but higher numbers are in use`);
  };
  return {
    revision: counter("revision", [0, ...entries.map((entry) => entry.modRevision)]),
    nextLease: counter("nextLease", [1, ...leases.map((lease) => lease.id + 1)]),
    entries,
    leases,
  };
}

interface KvRow {
  readonly key: string;
  readonly value: string;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly lease: number;
  readonly sum: number;
}

function readEntry(row: KvRow, path: string): StoreEntry {
  const { key, value, create_revision: createRevision, mod_revision: modRevision, lease } = row;
  const entry: StoreEntry = { key, value, createRevision, modRevision, lease };
  // SQLite checks the tree, not what is in it.
  if (row.sum !== entryChecksum(entry)) throw corrupt(path, `the value of ${JSON.stringify(key)} is damaged`);
  return entry;
}

function corrupt(path: string, why: string, cause?: unknown): WarrenError {
  return new WarrenError(
    "state-corrupt",
    `${path} cannot be used: ${why}. It is left as it is. Restore a backup of the data directory, or move the directory ` +
      "away, start with an empty one and join every node again",
    { cause },
  );
}

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

function openError(path: string, error: unknown): unknown {
  if (error instanceof WarrenError) return error;
  const { errcode, message } = error as Error & { errcode?: number };
  // The low byte is SQLite's primary result code.
  switch (errcode === undefined ? -1 : errcode & 0xff) {
    case BUSY:
    case LOCKED:
      return new WarrenError(
        "already-running",
        `another process has ${path} open; "fuser ${path}" names it. Stop it, or give this one another data-dir`,
        { cause: error },
      );
    case CORRUPT:
    case NOT_A_DATABASE:
      return corrupt(path, message, error);
    case FULL:
      return new WarrenError("disk-full", `${path} could not be made: no space left on its file system`, {
        cause: error,
      });
    default:
      return new WarrenError("internal", `${path} could not be opened: ${message}`, { cause: error });
  }
}
