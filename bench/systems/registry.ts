import { BORINGTUN, NEBULA, WIREGUARD_GO } from "../peers/registry.ts";
import { kernelVxlan } from "./kernel-vxlan.ts";
import { nebulaContender } from "./nebula.ts";
import { peerSystem } from "./peer-system.ts";
import { rawVeth } from "./raw-veth.ts";
import type { System } from "./system.ts";
import { warrenSystem } from "./warren.ts";
import { wireGuardContender } from "./wireguard.ts";

/** The system that the goals are about. */
export const SUBJECT = "warren";

/** Ratios are to this one. */
export const REFERENCE = kernelVxlan.name;

/** Every system there is, in the order of the tables. */
export const ALL_SYSTEMS: readonly System[] = [
  rawVeth,
  kernelVxlan,
  warrenSystem({ name: SUBJECT, about: "Warren, plain VXLAN through TUN, node to node" }),
  warrenSystem({
    name: "warren-aes",
    about: "Warren with cipher: aes-256-gcm, sealed through TUN, node to node",
    controlFlags: ["--cipher", "aes-256-gcm"],
  }),
  warrenSystem({
    name: "warren-chacha",
    about: "Warren with cipher: chacha20-poly1305, the WireGuard protocol, node to node",
    controlFlags: ["--cipher", "chacha20-poly1305"],
  }),
  warrenSystem({
    name: "warren-kernel",
    about: "Warren with dataplane: kernel, a vxlan device that it keeps and guards",
    agentFlags: ["--dataplane", "kernel"],
  }),
  warrenSystem({
    name: "warren-direct",
    about: "Warren with encapsulation: cross-subnet, a plain route to its neighbour",
    controlFlags: ["--encapsulation", "cross-subnet"],
    path: "direct",
  }),
  peerSystem(WIREGUARD_GO, "WireGuard's own implementation for user space, in Go", (lab, programs) =>
    wireGuardContender(WIREGUARD_GO.name, lab, {
      program: programs.path("wireguard"),
      args: (device) => ["-f", device],
      env: { WG_PROCESS_FOREGROUND: "1" },
    }),
  ),
  peerSystem(NEBULA, "Nebula, in Go, AES-256-GCM, static host map", (lab, programs) =>
    nebulaContender(NEBULA.name, lab, programs),
  ),
  peerSystem(BORINGTUN, "Cloudflare's WireGuard for user space, in Rust", (lab, programs) =>
    wireGuardContender(BORINGTUN.name, lab, {
      program: programs.path("boringtun-cli"),
      args: (device) => ["--foreground", "--disable-drop-privileges", device],
    }),
  ),
];
