import { setTimeout as delay } from "node:timers/promises";
import type { Cipher } from "@warren/common/net/cipher.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";
import { type ForgedTarget, openForgedTarget } from "./forged-target.ts";

/**
 * Somebody who sends from a registered node's own address all that a plain mesh would take, to both ports of the target,
 * every millisecond, for as long as the tests run.
 */
describeAsRoot("a sealed mesh takes nothing plain", () => {
  let mesh: Mesh;
  let target: ForgedTarget;
  let attackers: Supervised[];
  beforeAll(async () => {
    const control = { flags: ["--cipher", "chacha20-poly1305"] };
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control });
    target = await openForgedTarget(mesh);
    const inner = target.udp("forged");
    attackers = [await attack(target.vxlan(inner)), await attack(Buffer.from(inner))];
  });
  afterAll(() => mesh?.lab.close());

  const attack = async (datagram: Buffer) => {
    const { underlayAddress, port } = target.node;
    const targets = [port, 51820].map((one) => `${underlayAddress}:${one}`);
    const words = [mesh.lab.host(2).underlay, "1", datagram.toString("hex"), ...targets];
    const attacker = await mesh.lab.host(2).spawn(process.execPath, [podProgram("udp-repeat.mjs"), ...words]);
    await waitFor("the attacker", () => attacker.log().includes("sending"));
    return attacker;
  };
  const delivered = () => target.listener.log().split(" forged").length - 1;
  const aWhile = () => delay(300);
  const set = (cipher: Cipher) => mesh.lab.warren("control", "cluster", "set", `cipher=${cipher}`);
  const isHealthy = async () => {
    const [from, to] = [mesh.pod(2), mesh.pod(1).address()];
    await waitFor("the way there", async () => (await ping(from.netns, to, { count: 1, waitMs: 300 })).received === 1);
  };
  /** Whether a host has a socket on the port. */
  const isOpen = async (host: number, port: number) =>
    (await mesh.lab.host(host).run("ss", ["-Hlun", "sport", "=", `:${port}`])).stdout.trim() !== "";

  const MOMENTS: Record<string, () => Promise<unknown>> = {
    "with sessions": aWhile,
    "while it stops and starts": async () => {
      await mesh.lab.agent(1).stop();
      await aWhile();
      await mesh.lab.agent(1).start();
    },
    "while it is killed and starts": async () => {
      await mesh.lab.agent(1).kill();
      await mesh.lab.agent(1).start();
    },
    "while it has no session with the node that seems to send": async () => {
      await mesh.lab.agent(2).kill();
      await mesh.lab.agent(1).kill();
      await mesh.lab.agent(1).start();
      await aWhile();
      await mesh.lab.agent(2).start();
    },
    "while keys are rotated": async () => {
      await mesh.lab.warren(1, "keys", "rotate");
      await mesh.lab.warren(2, "keys", "rotate", "--now");
      await aWhile();
    },
    "while the cipher changes to another one": async () => {
      await set("aes-256-gcm");
      await aWhile();
      await set("chacha20-poly1305");
      await aWhile();
    },
    "when it starts with the netmap of its disk": async () => {
      await mesh.lab.controlPlane.kill();
      await mesh.lab.agent(1).kill();
      await mesh.lab.agent(1).start();
      await aWhile();
      await mesh.lab.controlPlane.start();
    },
  };

  it.each(Object.keys(MOMENTS))("%s", async (moment) => {
    await isHealthy();
    await MOMENTS[moment]!();
    await isHealthy();
    expect(delivered()).toBe(0);
    expect(await isOpen(1, target.node.port)).toBe(false);
  });

  it("once it is sealed again; what came was delivered while it was plain", async () => {
    await set("none");
    await waitFor("the attack to succeed", () => delivered() > 10);
    await set("aes-256-gcm");
    await waitFor("the port of plain packets to be closed", async () => !(await isOpen(1, target.node.port)));
    await aWhile();
    const before = delivered();
    await aWhile();
    await isHealthy();
    expect(delivered()).toBe(before);
    for (const attacker of attackers) {
      expect(attacker.running).toBe(true);
      await attacker.end();
      expect(Number(/sent (\d+)/.exec(attacker.log())?.[1])).toBeGreaterThan(1_000);
    }
  });
}, ["ss"]);
