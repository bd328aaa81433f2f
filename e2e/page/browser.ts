import { delimiter, join } from "node:path";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { type Browser, chromium } from "playwright-core";
import { describe } from "vitest";

/** Path of Debian's Chromium; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "chromium")).find((path) => isExecutable(path));
}

/** A `describe` for tests that look with a real browser: where there is none they are skipped, and a line says so. */
export function describeInBrowser(name: string, body: () => void): void {
  const isMissing = findChromium() === undefined;
  if (isMissing) process.stderr.write(`skipped: ${name} (no chromium; install with: apt-get install chromium)\n`);
  describe.skipIf(isMissing)(name, body);
}

/** Starts the browser, without a window. The caller closes it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium()!,
    // Chromium's own sandbox does not start as root; it opens pages of this test only.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}
