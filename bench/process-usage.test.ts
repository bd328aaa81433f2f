import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { cpuNanosecondsOf, memoryOf } from "./process-usage.ts";

const started: ReturnType<typeof spawn>[] = [];

/** A Node process that runs the script and prints a line when it has. */
async function node(script: string): Promise<number> {
  const child = spawn(process.execPath, ["-e", `${script}; console.log("ready"); setInterval(() => {}, 1000)`]);
  started.push(child);
  await once(child.stdout, "data");
  return child.pid!;
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

const MIB = 2 ** 20;

describe("usage of a process", () => {
  it("sees memory that the process has touched", async () => {
    const small = memoryOf(await node(""));
    const large = memoryOf(await node("globalThis.kept = Buffer.alloc(80 << 20, 1)"));
    expect(small.rss).toBeGreaterThan(20 * MIB);
    expect(small.pss).toBeLessThanOrEqual(small.rss);
    expect(large.rss - small.rss).toBeGreaterThan(60 * MIB);
  });

  it("counts children", async () => {
    const alone = memoryOf(await node(""));
    const script = `const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => process.ppid === 1 && process.exit(), 50)"]);
      await new Promise((resolve) => child.stdout.once("data", resolve))`;
    const parent = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `import { createRequire } from "node:module";
      const require = createRequire("/"); ${script}; console.log("ready"); setInterval(() => {}, 1000)`,
    ]);
    started.push(parent);
    await once(parent.stdout, "data");
    expect(memoryOf(parent.pid!).rss).toBeGreaterThan(alone.rss * 1.5);
  });

  it("counts the time a process spends computing, finer than a clock tick", async () => {
    const idle = await node("");
    const busy = await node("const end = Date.now() + 200; while (Date.now() < end);");
    expect(cpuNanosecondsOf(busy) - cpuNanosecondsOf(idle)).toBeGreaterThan(50e6);
    expect(cpuNanosecondsOf(idle)).toBeGreaterThan(1e6);
  });

  it("gives nothing for a process that is gone", () => {
    expect(memoryOf(2 ** 22 + 1)).toEqual({ rss: 0, pss: 0 });
    expect(cpuNanosecondsOf(2 ** 22 + 1)).toBe(0);
  });
});
