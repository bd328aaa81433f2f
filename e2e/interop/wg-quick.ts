/** The file of wg-quick(8), as far as `warren peer config` prints it. */

export interface WgQuick {
  /** With the length of their prefix. */
  readonly addresses: readonly string[];
  /** null to leave it as it is. */
  readonly listenPort: number | null;
  readonly mtu: number;
  readonly peers: readonly WgQuickPeer[];
}

export interface WgQuickPeer {
  /** From the comment above it. */
  readonly name: string;
  /** In base64. */
  readonly publicKey: string;
  readonly endpoint: string;
  readonly allowedIps: readonly string[];
  /** Seconds; 0 for none. */
  readonly keepalive: number;
}

/** Reads the file. Throws when a line of it is neither a comment, nor a section, nor a setting known here. */
export function readWgQuick(text: string): WgQuick {
  const [head, ...sections] = text.split(/\n(?=# [\w.-]+\n\[Peer\]\n)/);
  const own = settings(head!, "Interface");
  return {
    addresses: list(own.get("Address")),
    listenPort: Number(own.get("ListenPort")),
    mtu: Number(own.get("MTU")),
    peers: sections.map((section) => {
      const peer = settings(section, "Peer");
      return {
        name: /^# (.*)$/m.exec(section)![1]!,
        publicKey: peer.get("PublicKey") ?? "",
        endpoint: peer.get("Endpoint") ?? "",
        allowedIps: list(peer.get("AllowedIPs")),
        keepalive: Number(peer.get("PersistentKeepalive") ?? 0),
      };
    }),
  };
}

/** What `wg setconf` would tell a WireGuard of user space, but for the private key. */
export function toUapi({ listenPort, peers }: WgQuick): string[] {
  return [
    ...(listenPort === null ? [] : [`listen_port=${listenPort}`]),
    ...peers.flatMap(({ publicKey, endpoint, allowedIps, keepalive }) => [
      `public_key=${Buffer.from(publicKey, "base64").toString("hex")}`,
      `endpoint=${endpoint}`,
      ...(keepalive > 0 ? [`persistent_keepalive_interval=${keepalive}`] : []),
      ...allowedIps.map((cidr) => `allowed_ip=${cidr}`),
    ]),
  ];
}

const KNOWN = new Set([
  ...["PrivateKey", "Address", "ListenPort", "MTU"],
  ...["PublicKey", "Endpoint", "AllowedIPs", "PersistentKeepalive"],
]);

function settings(text: string, section: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#") || line === `[${section}]`) continue;
    const [, key, value] = /^(\w+) = (.+)$/.exec(line) ?? [];
    if (key === undefined || !KNOWN.has(key)) throw new Error(`not a line of wg-quick(8) in [${section}]: ${line}`);
    found.set(key, value!);
  }
  return found;
}

function list(text = ""): string[] {
  return text.split(",").map((item) => item.trim());
}
