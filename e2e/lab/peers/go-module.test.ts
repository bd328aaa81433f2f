import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildable, newestReleases } from "./go-module.ts";

const NEBULA = [
  { version: "v1.12.0", goVersion: "1.27.3" },
  { version: "v1.11.2", goVersion: "1.26.0" },
  { version: "v1.10.3", goVersion: "1.25" },
];

describe("releases of a Go module", () => {
  it("are taken newest first, without those that are not out yet", () => {
    const recorded = readFileSync(new URL("./testdata/go-list-versions-nebula.json", import.meta.url), "utf8");
    const { Versions } = JSON.parse(recorded) as { Versions: string[] };
    expect(newestReleases(Versions).slice(0, 3)).toEqual(["v1.12.0", "v1.11.2", "v1.11.1"]);
    expect(newestReleases(["v1.0.0", "v1.1.0-rc.1"])).toEqual(["v1.0.0"]);
  });

  it("are the newest commit where nothing was ever released", () => {
    expect(newestReleases([])).toEqual(["latest"]);
  });

  it("are those that this machine's Go can build, with a word on the newer ones", () => {
    const remark = "built with go1.26.8; v1.12.0 wants Go 1.27.3";
    expect(buildable(NEBULA, "go1.26.8", "local")).toEqual([
      { version: "v1.11.2", remark },
      { version: "v1.10.3", remark },
    ]);
  });

  it("are all of them where Go may fetch a newer Go", () => {
    expect(buildable(NEBULA, "go1.25.0", "auto")[0]).toEqual({ version: "v1.12.0", remark: "built with go1.25.0" });
  });

  it("are refused with the reason when every one of them wants a newer Go", () => {
    expect(() => buildable(NEBULA, "go1.19.8", "local")).toThrowError(
      expect.objectContaining({
        code: "tool-failed",
        message: expect.stringContaining("go1.19.8 is too old: v1.12.0 wants Go 1.27.3, v1.11.2 wants"),
      }),
    );
  });

  it("count as buildable when their go.mod says nothing", () => {
    expect(buildable([{ version: "v0.1.0", goVersion: null }], "go1.19.8", "local")).toHaveLength(1);
  });
});
