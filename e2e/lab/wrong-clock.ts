import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The library of Debian's package `libfaketime`, for threads; null where it is not installed. */
export function faketimeLibrary(): string | null {
  const folders = existsSync("/usr/lib")
    ? readdirSync("/usr/lib").map((name) => join("/usr/lib", name, "faketime"))
    : [];
  const found = folders.map((folder) => join(folder, "libfaketimeMT.so.1")).find((path) => existsSync(path));
  return found ?? null;
}

/** A wall clock that is off by as much as the test says, for processes that are started with `env`; time goes on as it is. */
export class WrongClock {
  readonly env: NodeJS.ProcessEnv;
  readonly #file: string;

  constructor(directory: string, name: string) {
    this.#file = join(directory, `clock-of-${name}`);
    this.env = {
      LD_PRELOAD: faketimeLibrary() ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    this.set("+0");
  }

  /** `-1d`, `+3h`, `+0`; running processes follow within a second. */
  set(offset: string): void {
    writeFileSync(this.#file, `${offset}\n`);
  }
}
