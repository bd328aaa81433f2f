import type { DatabaseSync, StatementSync } from "node:sqlite";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { entryChecksum } from "./entry-checksum.ts";
import type { Journal, StoreChange } from "./journaled-store.ts";

const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;

/** Writes each change as one transaction of a database that is held exclusively; `COMMIT` waits for the disk. */
export class SqliteJournal implements Journal {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #meta: StatementSync;
  readonly #grant: StatementSync;
  readonly #end: StatementSync;
  #broken: WarrenError | null = null;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#put = db.prepare("INSERT OR REPLACE INTO kv VALUES (?, ?, ?, ?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM kv WHERE key = ?");
    this.#meta = db.prepare("UPDATE meta SET value = ? WHERE name = ?");
    this.#grant = db.prepare("INSERT INTO leases VALUES (?, ?)");
    this.#end = db.prepare("DELETE FROM leases WHERE id = ?");
  }

  commit(change: StoreChange): void {
    if (this.#broken) throw this.#broken;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const entry of change.puts) {
        const { key, value, createRevision, modRevision, lease } = entry;
        this.#put.run(key, value, createRevision, modRevision, lease, entryChecksum(entry));
      }
      for (const key of change.deletes) this.#delete.run(key);
      if (change.granted) {
        this.#grant.run(change.granted.id, change.granted.ttlMs);
        this.#meta.run(change.granted.id + 1, "nextLease");
      }
      if (change.ended !== undefined) this.#end.run(change.ended);
      this.#meta.run(change.revision, "revision");
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw this.#unavailable(error);
    }
  }

  close(): void {
    this.#db.close();
  }

  #rollBack(): void {
    // After some errors SQLite has rolled back by itself.
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  #unavailable(error: unknown): WarrenError {
    const { errcode, message } = error as Error & { errcode?: number };
    const primary = errcode === undefined ? -1 : errcode & 0xff;
    if (primary === FULL) {
      const cause = new WarrenError(
        "disk-full",
        `no space left to write ${this.#path}: make room on its file system. Nothing was lost; this change was not made`,
        { cause: error },
      );
      return new WarrenError("unavailable", cause.message, { cause });
    }
    const failure = new WarrenError("unavailable", `${this.#path} cannot be written: ${message}`, { cause: error });
    // After a failed fsync the kernel may drop what it could not write and report success next time. What is on the
    // disk is known again only after the file was read anew.
    if (primary === IO_ERROR || primary === CORRUPT) {
      this.#broken = new WarrenError("unavailable", `${failure.message}; restart after the disk was looked at`, {
        cause: error,
      });
    }
    return failure;
  }
}
