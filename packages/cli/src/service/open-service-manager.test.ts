import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NotifyReceiver } from "../testing/notify-receiver.ts";
import { openServiceManager } from "./open-service-manager.ts";

/** More than net.unix.max_dgram_qlen, which is 10 in the kernel and 512 where systemd has been. */
const MANY = 600;
const SERVICE = { headline: () => "ready: node1", isAlive: () => true };

let dir: string;
let log: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-notify-"));
  log = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = (env: NodeJS.ProcessEnv) =>
  openServiceManager(env, SERVICE, createLogger({ write: (line) => log.push(line) }));

test.each(["path", "abstract"])("a real socket with a name of the kind %s gets whole messages", async (kind) => {
  const name = kind === "path" ? join(dir, "notify") : `@warren-test-${process.pid}`;
  const receiver = new NotifyReceiver(name);
  const manager = await open({ NOTIFY_SOCKET: name });
  manager!.ready();
  manager!.stopping("stopping");
  manager!.close();
  const messages = await receiver.until((all) => all.length >= 2);
  expect(messages).toEqual(["READY=1\nSTATUS=ready: node1", "STOPPING=1\nSTATUS=stopping"]);
  receiver.close();
});

test("a real socket that nobody reads fills up, stops nobody, and gets all of it in the end", async () => {
  const receiver = new NotifyReceiver(join(dir, "notify"));
  const manager = await open({ NOTIFY_SOCKET: receiver.name });
  for (let i = 0; i < MANY; i++) manager!.reloading();
  const messages = await receiver.until((all) => {
    manager!.ready();
    return all.filter((message) => message.startsWith("RELOADING=1")).length >= MANY;
  });
  expect(messages.findIndex((message) => message.startsWith("READY=1"))).toBeGreaterThanOrEqual(MANY);
  expect(log).toEqual([]);
  manager!.close();
  receiver.close();
});

test("the variables are not left for the programs of pods", async () => {
  const receiver = new NotifyReceiver(join(dir, "notify"));
  const env = { NOTIFY_SOCKET: receiver.name, WATCHDOG_USEC: "1", WATCHDOG_PID: "1", PATH: "/bin" };
  (await open(env))!.close();
  expect(env).toEqual({ PATH: "/bin" });
  receiver.close();
});

test("signs of life are for the process that the manager means", async () => {
  const receiver = new NotifyReceiver(join(dir, "notify"));
  const NOTIFY_SOCKET = receiver.name;
  for (const WATCHDOG_PID of ["1", String(process.pid)]) {
    const manager = await open({ NOTIFY_SOCKET, WATCHDOG_USEC: "60000000", WATCHDOG_PID });
    manager!.ready();
    manager!.close();
  }
  const messages = await receiver.until((all) => all.length >= 3);
  expect(messages).toEqual(["READY=1\nSTATUS=ready: node1", "READY=1\nSTATUS=ready: node1", "WATCHDOG=1"]);
  receiver.close();
});

test("without a service manager there is none, and a broken name is a warning", async () => {
  expect(await open({})).toBe(null);
  expect(await open({ NOTIFY_SOCKET: "" })).toBe(null);
  expect(log).toEqual([]);
  expect(await open({ NOTIFY_SOCKET: "vsock:2:1234" })).toBe(null);
  expect(log.join("")).toMatch(/WARN .*NOTIFY_SOCKET is \\"vsock:2:1234\\"; expected a path/);
  const absent = await open({ NOTIFY_SOCKET: join(dir, "nobody") });
  absent!.ready();
  expect(log.at(-1)).toMatch(/WARN .*cannot be told at .*nobody: ENOENT.* code=unavailable/);
});
