import { expect, it } from "vitest";
import { checkTun, missingCapabilities, requireTool } from "./preflight.ts";

it("names the capabilities that are missing", () => {
  expect(missingCapabilities("Name:\tx\nCapEff:\t000001ffffffffff\n")).toEqual([]);
  expect(missingCapabilities("CapEff:\t0000000000001000\n")).toEqual(["CAP_SYS_ADMIN"]);
  expect(missingCapabilities("CapEff:\t0000000000000000\n")).toEqual(["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]);
});

it("says what to do about a missing TUN device or program", async () => {
  await expect(checkTun("/dev/net/no-such")).rejects.toMatchObject({
    code: "tun-missing",
    message: expect.stringContaining("modprobe tun"),
  });
  await expect(requireTool("no-such-tool", "some-package")).rejects.toMatchObject({
    code: "tool-missing",
    message: "no-such-tool is not installed; install the package some-package",
  });
});
