import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { endProcesses, identify, isAlive } from "./process-table.ts";

it("knows a running process by pid and start time", () => {
  const self = identify(process.pid);
  expect(self?.pid).toBe(process.pid);
  expect(isAlive(self!)).toBe(true);
  expect(isAlive({ pid: process.pid, started: "1" })).toBe(false);
});

it("ends a process that does not listen to SIGTERM, and only after the grace time", async () => {
  const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const exit = once(child, "exit");
  await endProcesses([identify(child.pid!)!], 100);
  expect((await exit)[1]).toBe("SIGKILL");
});

it("does nothing to a process that is gone", async () => {
  await endProcesses([{ pid: 2 ** 22, started: "1" }], 100);
});
