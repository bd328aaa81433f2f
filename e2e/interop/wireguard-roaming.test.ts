import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { ipBatch } from "../lab/netns.ts";
import { waitFor } from "../lab/wait-for.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

describe.each([
  { family: 4 as const, moved: "198.18.0.77/24" },
  { family: 6 as const, moved: "fd18::77/64" },
])("over IPv$family", ({ family, moved }) => {
  describeWithWireGuardGo("a peer that moves", (command) => {
    let mesh: WireGuardMesh;
    beforeAll(async () => {
      mesh = await createWireGuardMesh({ command, family });
      await mesh.connect();
    });
    afterAll(() => mesh?.close());
    /** Whether the peer is answered; the first answer may still go to where it was. */
    const isAnswered = async () => {
      const options = { count: 3, intervalMs: 100 };
      return (await ping(mesh.foreign.node.netns, mesh.pod.address(4), options)).received >= 2;
    };

    it("to another port is followed from its first authentic packet on", async () => {
      await mesh.foreign.configure(["listen_port=51999"]);
      expect(await isAnswered()).toBe(true);
      expect(await mesh.reaches()).toBe(true);
      expect(await mesh.endpoint()).toMatch(/:51999$/);
    });

    it("to another address is followed from its first authentic packet on", async () => {
      const { node } = mesh.foreign;
      // In this order: with the first IPv4 address of a subnet all others of it go.
      await ipBatch(
        [
          `address del ${node.underlay}/${family === 4 ? 24 : 64} dev eth0`,
          `address add ${moved} dev eth0${family === 6 ? " nodad" : ""}`,
        ],
        node.netns,
      );
      // Releases of 2022 hold on to the source address they know until they bind again; the port stays the same.
      await mesh.foreign.configure(["listen_port=51999"]);
      expect(await mesh.reaches()).toBe(false);
      expect(await isAnswered()).toBe(true);
      expect(await mesh.reaches()).toBe(true);
      expect(await mesh.endpoint()).toContain(moved.split("/")[0]);
    });

    it("is not looked for in its old place when the mesh changes", async () => {
      const { lab } = mesh;
      const key = Buffer.alloc(32, 7).toString("base64");
      const endpoint = family === 4 ? "198.18.0.99:51820" : "[fd18::99]:51820";
      const args = ["--public-key", key, "--endpoint", endpoint, "--allowed-ips", "10.98.0.0/24"];
      await lab.warren("control", "peer", "add", "another", ...args);
      await waitFor("the node to know", async () => (await lab.agent(1).get<unknown[]>("/v1/peers")).length === 2);
      expect(await mesh.reaches()).toBe(true);
    });

    it("is followed also by a new session", async () => {
      await mesh.foreign.configure(["listen_port=52000"]);
      await mesh.foreign.forgetPeer(mesh.node, true);
      expect(await isAnswered()).toBe(true);
      expect(await mesh.reaches()).toBe(true);
    });
  });
});

/** Seconds after which the router forgets a flow of UDP. */
const FORGETS_AFTER_S = 2;

describeWithWireGuardGo("a peer behind a NAT", (command) => {
  let mesh: WireGuardMesh;
  beforeAll(async () => {
    mesh = await createWireGuardMesh({
      ...{ command, strangers: 1, host: 3, keepalive: 1, prepare: putBehindNat },
      // What the mesh is told is the router's address: the peer itself cannot be reached from outside.
      endpoint: "198.18.0.12:51820",
    });
  });
  afterAll(() => mesh?.close());
  /** Whether the peer is answered; the first answer may still go to where it was. */
  const isAnswered = async () => {
    const options = { count: 3, intervalMs: 100 };
    return (await ping(mesh.foreign.node.netns, mesh.pod.address(4), options)).received >= 2;
  };
  const keepalive = (seconds: number) =>
    mesh.foreign.configure([
      `public_key=${Buffer.from(mesh.foreign.config.peers[0]!.publicKey, "base64").toString("hex")}`,
      `persistent_keepalive_interval=${seconds}`,
    ]);

  it("is reached at the address and port that the router gave it", async () => {
    expect(await isAnswered()).toBe(true);
    expect(await mesh.reaches()).toBe(true);
    const endpoint = await mesh.endpoint();
    expect(endpoint).toMatch(new RegExp(`^${mesh.lab.host(2).underlay}:40\\d{3}$`));
  });

  it("stays reachable in silence, for longer than the router remembers, by its persistent keepalive", async () => {
    await pause(3 * FORGETS_AFTER_S);
    expect(await mesh.reaches()).toBe(true);
  });

  it("is lost without, and found again from its next packet on, wherever the router puts it then", async () => {
    await keepalive(0);
    await pause(3 * FORGETS_AFTER_S);
    expect(await mesh.reaches()).toBe(false);
    expect(await isAnswered()).toBe(true);
    expect(await mesh.reaches()).toBe(true);
  });
});

/** Time is what the router forgets by: there is nothing to wait for but it. */
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Host 2 becomes a router that masquerades; host 3 has it as its only way to the world. */
async function putBehindNat(lab: Lab): Promise<void> {
  const [router, inside] = [lab.host(2), lab.host(3)];
  await ipBatch([`link add nat0 netns ${inside.netns} type veth peer name lan0 netns ${router.netns}`]);
  await ipBatch(["address add 192.168.77.1/24 dev lan0", "link set lan0 up"], router.netns);
  await ipBatch(
    ["link del eth0", "address add 192.168.77.2/24 dev nat0", "link set nat0 up", "route add default via 192.168.77.1"],
    inside.netns,
  );
  await router.run("nft", ["-f", "-"], {
    input: `table ip lab_nat {
  chain out { type nat hook postrouting priority 100; policy accept;
    oifname "eth0" meta l4proto udp masquerade to :40000-40999 random
    oifname "eth0" masquerade
  }
  chain through { type filter hook forward priority 0; policy accept;
    iifname "eth0" ct state new drop
  }
}
`,
  });
  const settings = [
    "net.ipv4.ip_forward=1",
    ...["", "_stream"].map((kind) => `net.netfilter.nf_conntrack_udp_timeout${kind}=${FORGETS_AFTER_S}`),
  ];
  await router.run("sysctl", ["-qw", ...settings]);
}
