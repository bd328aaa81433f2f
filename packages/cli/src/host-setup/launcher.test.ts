import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkReachable, findLauncher } from "./launcher.ts";

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "warren-launcher-")));
});
afterEach(() => rmSync(dir, { recursive: true }));

function file(path: string): string {
  const whole = join(dir, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, "");
  return whole;
}

test("a checkout is started by its script, which sets up what it needs", () => {
  const [entry, script] = [file("packages/cli/src/main.ts"), file("warren")];
  expect(findLauncher(entry, "/x/node")).toEqual({ words: [script], dirs: [dir] });
});

test("an installed package is started by the Node.js that runs it now", () => {
  const entry = file("lib/node_modules/@warren/cli/dist/main.js");
  expect(findLauncher(entry, "/x/bin/node")).toEqual({
    words: ["/x/bin/node", entry],
    dirs: [join(dir, "lib/node_modules"), "/x/bin"],
  });
});

const MODES: Record<string, { uid: number; mode: number }> = {
  "/": { uid: 0, mode: 0o755 },
  "/opt": { uid: 0, mode: 0o755 },
  "/opt/warren": { uid: 0, mode: 0o755 },
  "/root": { uid: 0, mode: 0o700 },
  "/root/warren": { uid: 0, mode: 0o755 },
  "/srv/eve": { uid: 1000, mode: 0o700 },
  "/srv": { uid: 0, mode: 0o750 },
  "/srv/warren": { uid: 0, mode: 0o755 },
};
const modeOf = (path: string) => MODES[path]!;
const control = { who: "the user warren", isRoot: false, hasOwnHomes: true };
const agent = { who: "root", isRoot: true, hasOwnHomes: false };

test.each([
  ["/opt/warren", control],
  ["/opt/warren", agent],
  // Its unit shows it the checkout in an otherwise empty /root.
  ["/root/warren", control],
  ["/root/warren", agent],
  ["/srv/warren", agent],
])("%s can be started by %o", (path, runner) => {
  expect(() => checkReachable({ words: [], dirs: [path] }, runner, modeOf)).not.toThrow();
});

test("a directory on the way that the service may not enter is named, with what to do", () => {
  expect(() => checkReachable({ words: [], dirs: ["/srv/warren"] }, control, modeOf)).toThrow(
    "the user warren may not enter /srv (mode 0750); move it to /opt/warren",
  );
  expect(() => checkReachable({ words: [], dirs: ["/srv/eve/warren"] }, agent, modeOf)).toThrow("/srv/eve (mode 0700)");
});
