import { expect, it } from "vitest";
import { listSysctl, readSysctl, writeSysctl } from "./sysctl.ts";

it("keeps an interface name from leading out of the settings", () => {
  for (const part of ["..", "a/b", "", "."])
    expect(() => writeSysctl(["net", "ipv4", "conf", part, "rp_filter"], "1")).toThrow(
      expect.objectContaining({ code: "internal" }),
    );
});

it("says that a setting does not exist, and asks for nothing when the value is right", () => {
  expect(readSysctl(["net", "no-such"])).toBeNull();
  expect(writeSysctl(["net", "no-such"], "1")).toBe(false);
  const value = readSysctl(["kernel", "ostype"])!;
  expect(writeSysctl(["kernel", "ostype"], value)).toBe(true);
  expect(() => writeSysctl(["kernel", "ostype"], "other")).toThrow(/kernel\.ostype is Linux and cannot be set/);
  expect(listSysctl(["net", "ipv4", "conf"])).toContain("lo");
});
