import { join } from "node:path";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { describe } from "vitest";

const isRoot = process.getuid?.() === 0;

/**
 * A `describe` for tests on real kernels: without root, or without one of the programs, they are skipped and a line
 * says so.
 */
export function describeAsRoot(name: string, body: () => void, programs: readonly string[] = []): void {
  const missing = programs.filter((program) => !isInstalled(program));
  const why = isRoot ? (missing.length > 0 ? `${missing.join(", ")} not installed` : null) : "not root";
  if (why) process.stderr.write(`skipped: ${name} (${why})\n`);
  describe.skipIf(why !== null)(name, body);
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.some((folder) => isExecutable(join(folder, program)));
}
