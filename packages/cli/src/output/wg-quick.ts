import type { WireguardPeerConfig } from "@warren/common/api/types.ts";

/**
 * The file that `wg-quick up` takes on the other side (wg-quick(8)), with a place for the private key, which only that
 * side has.
 * @param keepalive seconds; undefined for none
 */
export function formatWgQuick(config: WireguardPeerConfig, keepalive: number | undefined): string {
  const { name, publicKey, listenPort, addresses, mtu, nodes } = config;
  const head = [
    `# WireGuard peer ${name} of a Warren mesh: save as warren.conf with mode 0600, then: wg-quick up ./warren.conf`,
    "[Interface]",
    `# the private key to the public key ${publicKey}`,
    "PrivateKey = FILL-IN",
    `Address = ${addresses.join(", ")}`,
    `ListenPort = ${listenPort}`,
    `MTU = ${mtu}`,
  ];
  const peers = nodes.map((node) => [
    "",
    `# ${node.name}`,
    "[Peer]",
    `PublicKey = ${node.publicKey}`,
    `Endpoint = ${node.endpoint}`,
    `AllowedIPs = ${node.allowedIps.join(", ")}`,
    ...(keepalive === undefined ? [] : [`PersistentKeepalive = ${keepalive}`]),
  ]);
  return `${[...head, ...peers.flat()].join("\n")}\n`;
}
