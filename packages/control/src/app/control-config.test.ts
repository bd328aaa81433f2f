import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@warren/common/config/load-config.ts";
import { expect, it } from "vitest";
import { controlConfigSchema } from "./control-config.ts";

it("reads numbers from flags and variables, and takes nothing else of a file for one", async () => {
  const sources = { schema: controlConfigSchema, flags: { vni: "77" }, env: { WARREN_PORT: "8472" } };
  expect((await loadConfig(sources)).values).toMatchObject({ vni: 77, port: 8472, "node-prefix": 24 });

  const dir = mkdtempSync(join(tmpdir(), "wrn-config-"));
  const file = join(dir, "control.yaml");
  writeFileSync(file, "port: 4790\nvni: true\n");
  await expect(loadConfig({ schema: controlConfigSchema, file })).rejects.toThrow(`${file}:2: vni: expected number`);
  rmSync(dir, { recursive: true });
});
