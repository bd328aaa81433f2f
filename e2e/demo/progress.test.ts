import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { Progress } from "./progress.ts";

function capture(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 40 });
  return { progress: new Progress(stream as unknown as NodeJS.WriteStream), text: () => String(stream.read() ?? "") };
}

it("prints finished lines only, without control characters, where there is no terminal", async () => {
  const { progress, text } = capture(false);
  await progress.step("working", async (step) => {
    step.update("still working");
    return "worked";
  });
  expect(text()).toMatch(/^✓ worked +\d\.\d s\n$/);
});

it("says what it was at when a step fails, and throws on", async () => {
  const { progress, text } = capture(false);
  const failing = progress.step("begin", async (step) => {
    step.update("half-way");
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(text()).toMatch(/^✗ half-way/);
});

it("keeps the live line within the terminal and removes it in the end", async () => {
  const { progress, text } = capture(true);
  await progress.step("x".repeat(100), async () => "done");
  const [live, last] = text().split("\r\x1b[K").slice(1);
  expect(stripVTControlCharacters(live!).length).toBeLessThan(40);
  expect(last).toContain("done");
});
