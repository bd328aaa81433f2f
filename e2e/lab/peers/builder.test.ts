import { describe, expect, it } from "vitest";
import { gistOf, runToolchain } from "./builder.ts";

describe("why a toolchain failed", () => {
  it("is its last words, without registries and folders of the machine", () => {
    const said = [
      "go: downloading example.org/yaml/v2 v2.4.2",
      "/opt/go/pkg/mod/example.org/tunnel@v1.11.2/tun_linux.go:21:2: example.org/netlink@v1.3.2: reading https://proxy.example.org/netlink/@v/v1.3.2.zip: 403 Forbidden",
      "\tserver response: This module version is not available.",
      "",
    ].join("\n");
    expect(gistOf(said)).toBe(
      "…/tun_linux.go:21:2: example.org/netlink@v1.3.2: reading …: 403 Forbidden server response: This module version is not available.",
    );
  });

  it("names the program that said it", async () => {
    const script = "process.stderr.write('error: no such crate\\n'); process.exitCode = 101";
    await expect(runToolchain(process.execPath, ["--eval", script], {})).rejects.toThrowError(
      expect.objectContaining({
        code: "tool-failed",
        message: expect.stringMatching(/ --eval: error: no such crate$/),
      }),
    );
    await expect(runToolchain("no-such-compiler", ["build"], {})).rejects.toMatchObject({ code: "tool-missing" });
  });
});
