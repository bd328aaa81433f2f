import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crateVersion } from "./cargo-crate.ts";

describe("what cargo info printed", () => {
  it("names the newest release", () => {
    const recorded = readFileSync(new URL("./testdata/cargo-info-boringtun-cli.txt", import.meta.url), "utf8");
    expect(crateVersion(recorded)).toBe("0.7.1");
  });

  it("names the release that this compiler can build when a newer one is out", () => {
    expect(crateVersion("boringtun-cli\nversion: 0.6.0 (latest 0.7.1)\nlicense: BSD-3-Clause\n")).toBe("0.6.0");
  });

  it("is refused without a version", () => {
    expect(() => crateVersion("")).toThrowError(/named no version: it printed nothing/);
  });
});
