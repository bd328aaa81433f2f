import { expect, it } from "vitest";
import { machineMounts } from "./mount.ts";

const view = (self: string, first: string | null, second: string | null, nameOfSecond = "kthreadd") => ({
  mountsOf: (pid: number | "self") => (pid === "self" ? self : pid === 1 ? first : second),
  nameOf: () => nameOfSecond,
});

it("uses its own mounts where they are the machine's", () => {
  expect(machineMounts(view("a", "a", "a"))).toEqual({ prefix: [], netnsDir: "/run/netns" });
});

it("goes through process 1 from a private mount namespace", () => {
  expect(machineMounts(view("b", "a", "a"))).toEqual({
    prefix: ["nsenter", "--mount=/proc/1/ns/mnt", "--"],
    netnsDir: "/proc/1/root/run/netns",
  });
});

it("goes through kthreadd where process 1 may not be looked at", () => {
  expect(machineMounts(view("b", null, "a")).netnsDir).toBe("/proc/2/root/run/netns");
});

it("does not take a program that happens to be process 2 of a container for kthreadd", () => {
  expect(machineMounts(view("b", null, "a", "nginx"))).toEqual({ prefix: [], netnsDir: "/run/netns" });
});
