import { mkdirSync } from "node:fs";
import { WarrenError } from "../errors/warren-error.ts";

/** Makes a directory of a service, with its parents. Throws `config-invalid` when that cannot be. */
export function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    throw new WarrenError("config-invalid", `the directory ${path} cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
