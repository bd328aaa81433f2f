import type { Machine } from "./machine.ts";

/** Where a service keeps what is its own; logs, caches and what other programs keep for themselves come and go. */
const LOOKED_AT = [
  "/etc",
  "/usr",
  "/opt",
  "/root",
  "/home",
  "/srv",
  "/var/lib",
  "/run/warren",
  "/run/warren-control",
  "/run/netns",
];
const NOT_LOOKED_AT =
  /^(\/opt\/warren\/\.cache\/|\/var\/lib\/systemd\/|\/etc\/(passwd|shadow|group|gshadow|subuid|subgid)-$|\/etc\/\.pwd\.lock$|\/run\/netns$)/;

/**
 * What can be seen of a machine's set-up, each fact a line of text: files, links, routes, nftables, units, users. Two
 * states compare as two lists.
 */
export async function machineState(machine: Machine): Promise<string[]> {
  const files = await machine.try("find", ...LOOKED_AT, "-xdev", "-printf", "%p %M %u %l\\n");
  const facts = await Promise.all([
    machine.run("ip", "-brief", "link"),
    machine.run("ip", "route", "show", "table", "all"),
    machine.run("ip", "-6", "route", "show", "table", "all"),
    machine.run("nft", "list", "ruleset"),
    machine.run("systemctl", "list-unit-files", "--no-legend", "--plain"),
    machine.run("cat", "/etc/passwd", "/etc/group"),
  ]);
  return [
    ...files.stdout.split("\n").filter((line) => line !== "" && !NOT_LOOKED_AT.test(line.split(" ")[0]!)),
    ...facts.flatMap((text) => text.split("\n").map((line) => line.trim())),
  ].sort();
}
