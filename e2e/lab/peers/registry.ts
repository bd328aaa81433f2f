import { cargoCrate } from "./cargo-crate.ts";
import { debianPackage } from "./debian-package.ts";
import { goModule } from "./go-module.ts";
import type { Peer } from "./peer.ts";

export const WIREGUARD_GO: Peer = {
  name: "wireguard-go",
  programs: ["wireguard"],
  builder: goModule("golang.zx2c4.com/wireguard", ["."]),
  debian: debianPackage("wireguard-go", { wireguard: "/usr/bin/wireguard-go" }),
};

export const NEBULA: Peer = {
  name: "nebula",
  programs: ["nebula", "nebula-cert"],
  builder: goModule("github.com/slackhq/nebula", ["cmd/nebula", "cmd/nebula-cert"]),
  debian: debianPackage("nebula", { nebula: "/usr/bin/nebula", "nebula-cert": "/usr/bin/nebula-cert" }),
};

export const BORINGTUN: Peer = {
  name: "boringtun",
  programs: ["boringtun-cli"],
  builder: cargoCrate("boringtun-cli", ["boringtun-cli"]),
  debian: null,
};
