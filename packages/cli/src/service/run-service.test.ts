import { EventEmitter } from "node:events";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { expect, test } from "vitest";
import { runService, type ServiceHost } from "./run-service.ts";
import type { ServiceManager } from "./service-manager.ts";

function setup(service: Partial<Startable> = {}) {
  const signals = new EventEmitter();
  const log: string[] = [];
  let exited: (code: number) => void = () => {};
  const exit = new Promise<number>((resolve) => {
    exited = resolve;
  });
  const host: ServiceHost = {
    onSignal: (signal, listener) => void signals.on(signal, listener),
    offSignal: (signal, listener) => void signals.off(signal, listener),
    exit: (code) => exited(code) as never,
    stopDeadlineMs: 60_000,
  };
  const whole: Startable = {
    start: async () => void log.push("start"),
    stop: async () => void log.push("stop"),
    ...service,
  };
  let ready = () => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  return { signals, log, exit, host, service: whole, ready, isReady };
}

test("a service runs until SIGTERM, is stopped, and leaves no signal handler", async () => {
  const { signals, log, host, service, ready, isReady } = setup();
  const running = runService(service, { ready, host });
  await isReady;
  signals.emit("SIGTERM");
  await running;
  expect(log).toEqual(["start", "stop"]);
  expect(signals.eventNames()).toEqual([]);
});

test("a signal while the service starts aborts the start and is no error", async () => {
  const { signals, log, host, service, ready } = setup({
    start: (signal) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("aborted")))),
  });
  const running = runService(service, { ready, host });
  signals.emit("SIGINT");
  await running;
  expect(log).toEqual(["stop"]);
});

test("a second signal ends the process at once, however long the stop takes", async () => {
  const { signals, exit, host, service, ready, isReady } = setup({ stop: () => new Promise(() => {}) });
  void runService(service, { ready, host });
  await isReady;
  signals.emit("SIGINT");
  signals.emit("SIGINT");
  expect(await exit).toBe(1);
});

test("a stop that hangs does not keep the process for ever", async () => {
  const { signals, exit, host, service, ready, isReady } = setup({ stop: () => new Promise(() => {}) });
  void runService(service, { ready, host: { ...host, stopDeadlineMs: 10 } });
  await isReady;
  signals.emit("SIGTERM");
  expect(await exit).toBe(1);
});

test("a failed start is thrown after everything was given back", async () => {
  const { log, host, service, ready } = setup({ start: () => Promise.reject(new Error("port in use")) });
  await expect(runService(service, { ready, host })).rejects.toThrow("port in use");
  expect(log).toEqual(["stop"]);
});

test("a service that is done is stopped without a signal", async () => {
  const { log, host, service, ready, isReady } = setup();
  await runService(service, { ready, ended: isReady, host });
  expect(log).toEqual(["start", "stop"]);
});

test("a service that fails while running is stopped and its error thrown", async () => {
  const { log, host, service, ready, isReady } = setup();
  const ended = isReady.then(() => Promise.reject(new Error("worker ended")));
  const running = runService(service, { ready, ended, host });
  await expect(running).rejects.toThrow("worker ended");
  expect(log).toEqual(["start", "stop"]);
});

test("SIGHUP reloads, one after the other, and the manager hears of it once the service is ready", async () => {
  const { signals, log, host, service, ready, isReady } = setup();
  const say = (word: string) => () => void log.push(word);
  const manager = {
    ...{ starting: say("starting"), ready: say("ready"), reloading: say("reloading") },
    ...{ stopping: (reason: string) => void log.push(reason), close: say("close") },
  } as unknown as ServiceManager;
  const reload = async () => {
    log.push("reload");
    await Promise.resolve();
    log.push("reloaded");
  };
  const slow: Startable = {
    ...service,
    start: async () => {
      signals.emit("SIGHUP");
      await new Promise((resolve) => setImmediate(resolve));
      log.push("start");
    },
  };
  const running = runService(slow, { ready, reload, manager, host });
  await isReady;
  signals.emit("SIGHUP");
  signals.emit("SIGHUP");
  await new Promise((resolve) => setImmediate(resolve));
  signals.emit("SIGTERM");
  await running;
  const once = ["reloading", "reload", "reloaded", "ready"];
  expect(log).toEqual([
    "starting",
    "reload",
    "reloaded",
    "start",
    "ready",
    ...once,
    ...once,
    "stopping",
    "stop",
    "close",
  ]);
  expect(signals.eventNames()).toEqual([]);
});

test("without a reload SIGHUP is left alone", async () => {
  const { signals, host, service, ready, isReady } = setup();
  const running = runService(service, { ready, host });
  await isReady;
  expect(signals.listenerCount("SIGHUP")).toBe(0);
  signals.emit("SIGTERM");
  await running;
});
