import { expect, test } from "vitest";
import { ensureHostTools, type HostAccess } from "./host-tools.ts";

/** A machine in memory: what is installed, and what apt would bring. */
function machine(installed: string[], options: { isRoot?: boolean; apt?: (args: readonly string[]) => number } = {}) {
  const said: string[] = [];
  const calls: string[] = [];
  const host: HostAccess = {
    isRoot: options.isRoot ?? true,
    has: (program) => installed.includes(program),
    apt: async (args) => {
      calls.push(args.join(" "));
      return { stdout: "", stderr: "E: Unable to locate package", code: options.apt?.(args) ?? 0 };
    },
    say: (line) => said.push(line),
  };
  return { host, said, calls };
}

test("nothing is said or done when everything is there", async () => {
  const { host, said, calls } = machine(["ip", "nft"]);
  await ensureHostTools(["ip", "nft"], host);
  expect([said, calls]).toEqual([[], []]);
});

test("root gets what is missing from apt, each package once, with a line that says so", async () => {
  const installed = ["apt-get", "ping"];
  const { host, said, calls } = machine(installed, {
    apt: () => {
      installed.push("ip", "bridge", "iperf3");
      return 0;
    },
  });
  await ensureHostTools(["ip", "bridge", "iperf3", "ping"], host);
  expect(calls).toEqual(["install --yes --no-install-recommends iproute2 iperf3"]);
  expect(said).toEqual(["installing iproute2, iperf3 with apt (for ip, bridge, iperf3) …"]);
});

test("a fresh machine without package lists gets them first", async () => {
  const installed = ["apt-get"];
  let updated = false;
  const { host, calls } = machine(installed, {
    apt: (args) => {
      if (args[0] === "update") updated = true;
      if (!updated) return 100;
      installed.push("nft");
      return 0;
    },
  });
  await ensureHostTools(["nft"], host);
  expect(calls.map((call) => call.split(" ")[0])).toEqual(["install", "update", "install"]);
});

test("without root the error names the programs and the command", async () => {
  const { host } = machine(["apt-get"], { isRoot: false });
  await expect(ensureHostTools(["ip", "tshark"], host)).rejects.toMatchObject({
    code: "tool-missing",
    message: "ip, tshark: not installed; install with: apt-get install iproute2 tshark",
  });
});

test("when apt cannot, the error has apt's own words", async () => {
  const { host } = machine(["apt-get"], { apt: () => 100 });
  await expect(ensureHostTools(["iperf3"], host)).rejects.toMatchObject({
    code: "tool-missing",
    message: "iperf3: not installed, and apt could not: E: Unable to locate package",
  });
});
