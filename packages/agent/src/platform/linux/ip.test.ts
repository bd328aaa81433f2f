import { expect, it } from "vitest";
import { ipBatch } from "./ip.ts";

it("lets no word into a batch that could be more than one word", async () => {
  for (const word of ["a b", "a\nlink del eth0", "a#b", 'a"b', "a\\", "", "a;b", "$(reboot)"])
    await expect(ipBatch([["link", "show", word]])).rejects.toMatchObject({ code: "internal" });
});

it("names the line that failed", async () => {
  await expect(
    ipBatch([
      ["link", "show", "lo"],
      ["link", "show", "no-such-link0"],
    ]),
  ).rejects.toMatchObject({
    code: "tool-failed",
    message: expect.stringContaining('at "link show no-such-link0"'),
  });
});
