import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NotifyReceiver } from "../testing/notify-receiver.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

let dir: string;
let receiver: NotifyReceiver;
let child: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-life-"));
  receiver = new NotifyReceiver(join(dir, "notify"));
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  receiver.close();
  rmSync(dir, { recursive: true });
});

const config = (more = "") =>
  writeFileSync(
    join(dir, "control.yaml"),
    `data-dir: ${dir}/data\nrun-dir: ${dir}/run\nlisten: 127.0.0.1:0\nhttp: 127.0.0.1:0\n${more}`,
  );

/** `warren control` as systemd would start it. */
function start(env: NodeJS.ProcessEnv = {}) {
  const started = spawn(process.execPath, [MAIN, "control", "--config", join(dir, "control.yaml")], {
    env: { ...process.env, NOTIFY_SOCKET: receiver.name, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  child = started;
  let log = "";
  started.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = once(started, "close").then(([code]) => code as number | null);
  return { process: started, ended, log: () => log };
}

const count = (messages: readonly string[], start: string) => messages.filter((each) => each.startsWith(start)).length;

test("a control plane under a service manager: status, ready, reloads, a broken file, stop", async () => {
  config();
  const { process: control, ended, log } = start();
  await receiver.until((all) => count(all, "READY=1") === 1);
  expect(receiver.messages[0]).toBe("STATUS=starting");
  expect(receiver.messages[1]).toMatch(/^READY=1\nSTATUS=ready: 0 nodes, 0 down, on 127\.0\.0\.1:\d+$/);

  config("log-level: debug\n");
  const before = process.hrtime.bigint() / 1000n;
  control.kill("SIGHUP");
  await receiver.until((all) => count(all, "READY=1") === 2);
  const stamp = BigInt(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(receiver.messages.at(-2)!)![1]!);
  expect(stamp).toBeGreaterThanOrEqual(before);
  expect(stamp).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n);

  config("log-level: [\n");
  control.kill("SIGHUP");
  await receiver.until((all) => count(all, "READY=1") === 3);
  control.kill("SIGTERM");
  expect(await ended).toBe(0);
  await receiver.until((all) => count(all, "STOPPING=1") === 1);
  expect(log()).toContain("configuration changed setting=log-level from=info to=debug");
  expect(log().match(/the configuration cannot be used/g)).toHaveLength(1);
});

test("signs of life come while it runs, and stop when its event loop does", async () => {
  config();
  const { process: control } = start({ WATCHDOG_USEC: "100000" });
  await receiver.until((all) => count(all, "WATCHDOG=1") >= 3);
  control.kill("SIGSTOP");
  await receiver.until(() => / T /.test(readFileSync(`/proc/${control.pid}/stat`, "utf8")));
  const seen = receiver.messages.length;
  // Nothing can be waited for: ten times as long as a sign takes.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await receiver.until(() => true);
  expect(receiver.messages).toHaveLength(seen);
  control.kill("SIGCONT");
  await receiver.until((all) => all.length > seen);
});

test("a start that fails says why", async () => {
  config("pod-cidr: [10.0.0.0/8, 10.1.0.0/16]\n");
  const { ended } = start();
  expect(await ended).not.toBe(0);
  const messages = await receiver.until((all) => count(all, "STOPPING=1") === 1);
  expect(messages.at(-1)).toMatch(/^STOPPING=1\nSTATUS=failed: .*share addresses/);
  expect(count(messages, "READY=1")).toBe(0);
});
