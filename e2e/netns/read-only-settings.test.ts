import { afterAll, beforeAll, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { describeAsRoot } from "./as-root.ts";

/** As a container engine mounts it; arguments of `mount`. */
const READ_ONLY = ["--bind", "-o", "ro", "/proc/sys", "/proc/sys"];

describeAsRoot("an agent whose /proc/sys is read-only, as in a container", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: uniqueLabName("wl"), nodes: 2 });
    await lab.startControl();
    await lab.startAgent(2);
    await lab.startAgent(1, { privateMounts: READ_ONLY });
  });
  afterAll(() => lab?.close());

  it("makes the host a router, and pods with the settings that keep them safe", async () => {
    const [one, two] = [await lab.addPod(1, "one"), await lab.addPod(2, "two")];
    expect(await ping(one.netns, two.address(), { count: 1 })).toMatchObject({ received: 1 });
    expect(await ping(two.netns, one.address(), { count: 1 })).toMatchObject({ received: 1 });
    const inPod = await one.run("sysctl", [
      "-n",
      "net.ipv6.conf.eth0.disable_ipv6",
      "net.ipv4.conf.all.accept_redirects",
    ]);
    expect(inPod.stdout.trim().split("\n")).toEqual(["1", "0"]);
    const onHost = await lab.host(1).run("sysctl", ["-n", `net.ipv4.conf.${one.hostInterface}.rp_filter`]);
    expect(onHost.stdout.trim()).toBe("1");
  });
});
