import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { batchCode, INSTRUCTIONS } from "./batch-x64.ts";

const hasAssembler = ["as", "objcopy"].every((tool) => {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return process.arch === "x64";
  } catch {
    return false;
  }
});

test.skipIf(!hasAssembler)("the bytes of the loop are what its instructions assemble to", () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-batch-"));
  try {
    const [source, object, code] = ["loop.s", "loop.o", "loop.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const address = 0x7654_3210_fedc;
    const lines = INSTRUCTIONS.map(([, text]) => (text === "movabs rbx, 0" ? `movabs rbx, ${address}` : text));
    writeFileSync(source, [".intel_syntax noprefix", ...lines, ""].join("\n"));
    execFileSync("as", ["-o", object, source]);
    execFileSync("objcopy", ["-O", "binary", "-j", ".text", object, code]);
    expect(Buffer.from(batchCode(address)).toString("hex")).toBe(readFileSync(code).toString("hex"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
