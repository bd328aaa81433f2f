import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { WarrenError } from "../errors/warren-error.ts";
import { replaceFile } from "./replace-file.ts";

interface Envelope {
  readonly format: string;
  /** Hex SHA-256 of `data` as JSON. */
  readonly sha256: string;
  readonly data: unknown;
}

export interface StateFileOptions {
  readonly path: string;
  /** Name and version of what is in it, such as `warren-pods/1`. */
  readonly format: string;
  /** What it holds, for messages: "the pods of this node". */
  readonly what: string;
  /** What to do when it cannot be read, a whole sentence without a full stop. */
  readonly wayOut: string;
  /** Given for a file with a private key: others than its owner must not be able to read it. */
  readonly secret?: {
    /** What it holds, for messages: "the private key of this node". */
    readonly holds: string;
    /** What to do when somebody may have read it, to follow "if somebody may have". */
    readonly remedy: string;
  };
}

/**
 * A small JSON file that survives `kill -9` and loss of power at any moment: either the old content is there or the new.
 * Whoever reads `null` may start from nothing; a file that is there but damaged is never taken for absent.
 */
export class StateFile<T> {
  readonly #options: StateFileOptions;

  constructor(options: StateFileOptions) {
    this.#options = options;
  }

  /** Null when there is no file. Throws `state-corrupt` when it cannot be trusted; `key-exposed` for an open secret. */
  read(): T | null {
    const { path, format } = this.#options;
    this.#assertPrivate();
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw this.#corrupt((error as Error).message, error);
    }
    let envelope: Partial<Envelope>;
    try {
      envelope = JSON.parse(text) as Partial<Envelope>;
    } catch (error) {
      throw this.#corrupt("it is not JSON", error);
    }
    if (envelope?.format !== format) throw this.#corrupt(`its format is "${envelope?.format}", expected "${format}"`);
    if (envelope.sha256 !== checksum(envelope.data)) throw this.#corrupt("its checksum does not match");
    return envelope.data as T;
  }

  /** Replaces the file, mode 0600; see `replaceFile`. Throws `disk-full`, with the old content untouched. */
  write(data: T): void {
    const { path, format } = this.#options;
    const envelope: Envelope = { format, sha256: checksum(data), data };
    replaceFile(path, `${JSON.stringify(envelope)}\n`, 0o600);
  }

  remove(): void {
    rmSync(this.#options.path, { force: true });
  }

  #assertPrivate(): void {
    const { path, secret } = this.#options;
    const stats = secret && statSync(path, { throwIfNoEntry: false });
    const mode = stats ? stats.mode & 0o777 : 0;
    if (!secret || (mode & 0o077) === 0) return;
    throw new WarrenError(
      "key-exposed",
      `${path} holds ${secret.holds} and has mode 0${mode.toString(8)}: others may have read it; expected 0600. If nobody ` +
        `did, run: chmod 600 ${path}; if somebody may have, ${secret.remedy}`,
    );
  }

  #corrupt(why: string, cause?: unknown): WarrenError {
    const { path, what, wayOut } = this.#options;
    return new WarrenError("state-corrupt", `${path} (${what}) cannot be used: ${why}; ${wayOut}`, { cause });
  }
}

function checksum(data: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(data) ?? "")
    .digest("hex");
}
