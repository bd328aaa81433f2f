import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentStatus, PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tryRunIn } from "../lab/netns.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";
import { PodsHost } from "./pods-host.ts";

const inPod = async (pod: PodInfo, program: string, ...args: string[]) =>
  (await tryRunIn(pod.netns, program, args)).stdout.trim();

/** Sends one UDP packet with a source address that the pod takes for itself. */
async function forge(pod: PodInfo, source: string, target: string): Promise<void> {
  const length = source.includes(":") ? 128 : 32;
  await tryRunIn(pod.netns, "ip", [
    "address",
    "add",
    `${source}/${length}`,
    "dev",
    "eth0",
    ...(length === 128 ? ["nodad"] : []),
  ]);
  await tryRunIn(pod.netns, "ping", ["-n", "-c", "1", "-W", "1", "-I", source, target]);
  await tryRunIn(pod.netns, "ip", ["address", "del", `${source}/${length}`, "dev", "eth0"]);
}

describeAsRoot("pods on one host, dual stack", () => {
  const host = new PodsHost(["10.244.1.0/24", "fd00:77:1::/64"]);
  let web: PodInfo;
  let db: PodInfo;
  beforeAll(async () => {
    await host.make();
    await host.start();
    web = await host.add({ name: "web", command: ["sleep", "3600"] });
    db = await host.add({ name: "db" });
  });
  afterAll(() => host.close());

  it("reach each other and the node at once, over IPv4 and IPv6", async () => {
    expect(web.addresses).toEqual(["10.244.1.2", "fd00:77:1::2"]);
    for (const address of db.addresses) expect(await host.reaches(address, web.netns)).toBe(true);
    for (const address of ["10.244.1.1", "fd00:77:1::1"]) expect(await host.reaches(address, web.netns)).toBe(true);
    for (const address of web.addresses) expect(await host.reaches(address)).toBe(true);
  });

  it("have the overlay's MTU, a permanent gateway, and trust no router", async () => {
    const status = await host.call<AgentStatus>("GET", "/v1/status");
    const [link] = JSON.parse(await inPod(web, "ip", "-json", "-details", "link", "show", "eth0"));
    expect(link.mtu).toBe(status.dataplane.overlayMtu);
    expect(link.gso_max_segs).toBe(Math.floor(65_507 / (status.dataplane.overlayMtu + 22)));
    expect(await inPod(web, "ip", "route")).toBe("default via 169.254.1.1 dev eth0 onlink");
    expect(await inPod(web, "ip", "neigh", "show", "nud", "permanent")).toMatch(/169\.254\.1\.1 .*PERMANENT/);
    for (const [key, value] of [
      ["net.ipv6.conf.eth0.accept_ra", "0"],
      ["net.ipv6.conf.eth0.accept_redirects", "0"],
      ["net.ipv4.conf.eth0.accept_redirects", "0"],
    ] as const)
      expect(await inPod(web, "sysctl", "-n", key)).toBe(value);
    const ends = [
      [`net.ipv4.conf.${web.hostInterface}.rp_filter`, "1"],
      [`net.ipv6.conf.${web.hostInterface}.accept_ra`, "0"],
      ["net.ipv4.ip_forward", "1"],
    ] as const;
    for (const [key, value] of ends) expect((await host.run("sysctl", "-n", key)).stdout.trim()).toBe(value);
  });

  it("cannot send with an address that is not theirs", async () => {
    const counters = async () => {
      const { stdout } = await host.run("nft", "-j", "list", "chain", "inet", "warren", "pod-source");
      const items = (JSON.parse(stdout) as { nftables: { rule?: { expr: { counter?: { packets: number } }[] } }[] })
        .nftables;
      return items.flatMap(({ rule }) => rule?.expr.flatMap(({ counter }) => counter?.packets ?? []) ?? []);
    };
    const [before4, before6] = (await counters()) as [number, number];
    await forge(web, "10.244.1.77", "10.244.1.3");
    await forge(web, db.addresses[0]!, "10.244.1.1");
    const [after4, after6] = (await counters()) as [number, number];
    expect(after4).toBeGreaterThanOrEqual(before4 + 1);
    await forge(web, "fd00:77:1::77", "fd00:77:1::3");
    expect((await counters())[1]).toBeGreaterThan(Math.max(before6, after6));
    for (const address of db.addresses) expect(await host.reaches(address, web.netns)).toBe(true);
  });

  it("get an answer for an address that no pod has, and not a loop", async () => {
    const answer = await tryRunIn(web.netns, "ping", ["-n", "-c", "1", "-W", "1", "10.244.1.200"]);
    expect(answer.stdout).toMatch(/Unreachable/i);
  });

  it("run their command in their network, apart from the agent", async () => {
    const pid = web.process!.pid;
    const ids = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    expect(Number(ids[3])).toBe(pid);
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toContain("WARREN_POD=web");
    const said = await host.add({ name: "says", command: ["sh", "-c", "echo hello; exit 3"] });
    await waitFor(
      "the command to end",
      async () => (await host.list()).find((pod) => pod.name === "says")?.process?.exit === 3,
    );
    expect(readFileSync(said.process!.log, "utf8")).toBe("hello\n");
    await host.delete("says");
    await expect(host.add({ name: "none", command: ["no-such-program"] })).rejects.toMatchObject({ code: "usage" });
    expect((await host.list()).map(({ name }) => name)).toEqual(["web", "db"]);
  });

  it("are gone with all their processes when they are deleted", async () => {
    const stubborn = await host.add({
      name: "stubborn",
      command: ["sh", "-c", "trap '' TERM; setsid sleep 3600 & while :; do sleep 1; done"],
    });
    const [pid] = [stubborn.process!.pid];
    await host.delete("stubborn");
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(host.podNamespaces()).not.toContain("wrn-wag-default-stubborn");
    expect((await host.tryRun("ip", "link", "show", stubborn.hostInterface)).code).not.toBe(0);
    expect((await host.run("nft", "list", "table", "inet", "warren")).stdout).not.toContain(stubborn.hostInterface);
  });

  it("keep address, reachability and process when the agent is stopped and started", async () => {
    await host.end("SIGTERM");
    for (const address of db.addresses) expect(await host.reaches(address, web.netns)).toBe(true);
    expect((await host.tryRun("ip", "link", "show", "warren0")).code).not.toBe(0);
    expect((await host.run("ip", "route", "show", "proto", "119")).stdout).toBe("");
    expect((await host.run("nft", "list", "table", "inet", "warren")).stdout).toContain(web.hostInterface);
    await host.start();
    expect((await host.list()).map(({ addresses, process: ran }) => [addresses, ran?.pid])).toEqual([
      [web.addresses, web.process!.pid],
      [db.addresses, undefined],
    ]);
    expect((await host.list())[0]!.process!.running).toBe(true);
    for (const address of ["10.244.1.1", ...db.addresses]) expect(await host.reaches(address, web.netns)).toBe(true);
  });

  it("are made again with the same address when their namespace or their link was taken away", async () => {
    await host.end("SIGKILL");
    await host.run("ip", "netns", "del", "wrn-wag-default-db");
    await host.run("ip", "link", "del", web.hostInterface);
    await host.start();
    expect((await host.list()).map(({ addresses }) => addresses)).toEqual([web.addresses, db.addresses]);
    for (const address of db.addresses) expect(await host.reaches(address, web.netns)).toBe(true);
  });
}, ["ping", "nft", "sysctl"]);

describeAsRoot("pods of an IPv4 cluster", () => {
  const host = new PodsHost(["10.244.1.0/24"]);
  beforeAll(async () => {
    await host.make();
    await host.start();
  });
  afterAll(() => host.close());

  it("have no IPv6 at all", async () => {
    const pod = await host.add({ name: "web" });
    expect(await inPod(pod, "ip", "-6", "address")).toBe("");
    expect((await host.run("ip", "-6", "address", "show", "dev", pod.hostInterface)).stdout).toBe("");
    expect((await host.run("ip", "-6", "address", "show", "dev", "warren0")).stdout).toBe("");
  });

  it("are added in little time", async () => {
    const tookMs: number[] = [];
    for (let i = 0; i < 10; i++) {
      const start = performance.now();
      await host.add({ name: `fast-${i}` });
      tookMs.push(performance.now() - start);
    }
    tookMs.sort((a, b) => a - b);
    console.log(`pod add at the agent: p50 ${tookMs[5]!.toFixed(1)} ms, worst ${tookMs[9]!.toFixed(1)} ms`);
  });

  it("leave nothing on the host when the last is deleted and the agent is stopped", async () => {
    for (const pod of await host.list()) await host.delete(pod.name);
    await host.end("SIGTERM");
    expect(host.podNamespaces()).toEqual([]);
    expect((await host.run("nft", "list", "tables")).stdout).not.toContain("warren");
    expect((await host.run("ip", "-json", "link")).stdout).not.toMatch(/wrn|warren/);
    expect((await host.run("iptables", "-S")).stdout).not.toMatch(/wrn|warren/);
    await host.start();
  });

  it("have the MTU of the underlay that the agent starts on, also those made before it changed", async () => {
    const pod = await host.add({ name: "old" });
    await host.end("SIGTERM");
    await host.run("ip", "link", "set", "up0", "mtu", "1400");
    await host.start();
    const [inside] = JSON.parse(await inPod(pod, "ip", "-json", "link", "show", "eth0"));
    const [outside] = JSON.parse((await host.run("ip", "-json", "link", "show", pod.hostInterface)).stdout);
    expect([inside.mtu, outside.mtu]).toEqual([1350, 1350]);
  });
}, ["nft", "iptables"]);

describeAsRoot("pods of a dual-stack cluster on a host whose new interfaces come without IPv6", () => {
  const host = new PodsHost(["10.244.1.0/24", "fd00:77:1::/64"]);
  beforeAll(async () => {
    await host.make();
    await host.run("sysctl", "-w", "net.ipv6.conf.default.disable_ipv6=1");
    await host.start();
  });
  afterAll(() => host.close());

  it("reach each other over both families", async () => {
    const [a, b] = [await host.add({ name: "a" }), await host.add({ name: "b" })];
    for (const address of b.addresses) expect(await host.reaches(address, a.netns)).toBe(true);
  });
}, ["ping", "sysctl"]);

describeAsRoot("an agent on a host with rules of others", () => {
  const host = new PodsHost(["10.244.1.0/24"]);
  beforeAll(() => host.make());
  afterAll(() => host.close());

  it("lets pods through a FORWARD that drops, with and without DOCKER-USER, and cleans up after itself", async () => {
    await host.run("iptables", "-P", "FORWARD", "DROP");
    await host.start();
    const [a, b] = [await host.add({ name: "a" }), await host.add({ name: "b" })];
    expect(await host.reaches(b.addresses[0]!, a.netns)).toBe(true);
    await host.end("SIGTERM");
    expect((await host.run("iptables", "-S")).stdout).toBe("-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n");
    await host.run("iptables", "-N", "DOCKER-USER");
    await host.run("iptables", "-A", "FORWARD", "-j", "DOCKER-USER");
    for (let i = 0; i < 2; i++) {
      await host.start();
      expect(await host.reaches(b.addresses[0]!, a.netns)).toBe(true);
      const { stdout } = await host.run("iptables", "-S", "DOCKER-USER");
      expect(stdout.match(/ACCEPT/g)).toHaveLength(4);
      // The second start finds the rules of the first, which was killed.
      await host.end("SIGKILL");
    }
    await host.start();
    for (const name of ["a", "b"]) await host.delete(name);
  });

  it("does not touch tables of others", async () => {
    await host.run("nft", "add", "table", "inet", "others");
    await host.add({ name: "c" });
    await host.delete("c");
    expect((await host.run("nft", "list", "tables")).stdout).toContain("inet others");
  });

  it("refuses to take over a route that the host needs for something else", async () => {
    await host.end("SIGTERM");
    await host.run("ip", "route", "add", "10.244.0.0/16", "dev", "up0");
    await expect(host.start()).rejects.toThrow(/already routes 10\.244\.0\.0\/16 to up0/);
    await host.run("ip", "route", "del", "10.244.0.0/16", "dev", "up0");
    await host.start();
    expect(readFileSync(join(host.dir, "log"), "utf8")).toContain("ready");
  });
}, ["iptables", "nft", "ping"]);
