import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { expect, it } from "vitest";
import { processesInNetns, processRuns, processStartTime, signalProcess } from "./process.ts";

it("tells a process from a later one with the same id", async () => {
  const child = spawn("sleep", ["30"], { stdio: "ignore" });
  await once(child, "spawn");
  const pid = child.pid!;
  const startTime = processStartTime(pid)!;
  expect(processRuns(pid, startTime)).toBe(true);
  expect(processRuns(pid, startTime - 1)).toBe(false);
  expect(processesInNetns(statSync("/proc/self/ns/net").ino)).toContain(pid);
  signalProcess(pid, "SIGKILL");
  await once(child, "exit");
  expect(processRuns(pid, startTime)).toBe(false);
  expect(processStartTime(pid)).toBeNull();
  signalProcess(pid, "SIGKILL");
});
