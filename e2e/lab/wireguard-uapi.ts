import { generateKeyPairSync } from "node:crypto";
import { createConnection } from "node:net";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** Both halves in the hexadecimal of the configuration protocol. */
export interface WireGuardKeys {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function wireGuardKeys(): WireGuardKeys {
  const { d, x } = generateKeyPairSync("x25519").privateKey.export({ format: "jwk" });
  const hex = (base64url: string) => Buffer.from(base64url, "base64url").toString("hex");
  return { privateKey: hex(d!), publicKey: hex(x!) };
}

/** How a WireGuard of user space sees one of its peers. */
export interface WireGuardPeer {
  readonly publicKey: string;
  /** `ADDRESS:PORT`; null while it knows of none. */
  readonly endpoint: string | null;
  /** Seconds since 1970, with the fraction; 0 before the first. */
  readonly lastHandshake: number;
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** How long a WireGuard of user space may think about its configuration. */
const TIMEOUT_MS = 5_000;

/**
 * Hands `lines` (`key=value`) to a WireGuard of user space over its socket: the `set` operation of the cross-platform
 * protocol (https://www.wireguard.com/xplatform/), which makes the `wg` tool unnecessary.
 * @throws WarrenError `tool-failed` with what the other end said; `timeout`
 */
export async function configureWireGuard(
  socketPath: string,
  lines: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await ask(socketPath, ["set=1", ...lines], signal);
}

/** The peers of a WireGuard of user space: its `get` operation. Throws as `configureWireGuard` does. */
export async function wireGuardPeers(socketPath: string): Promise<WireGuardPeer[]> {
  const [, ...peers] = (await ask(socketPath, ["get=1"])).split(/^(?=public_key=)/m);
  return peers.map((text) => {
    const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1];
    const number = (key: string) => Number(value(key) ?? 0);
    return {
      publicKey: value("public_key")!,
      endpoint: value("endpoint") ?? null,
      lastHandshake: number("last_handshake_time_sec") + number("last_handshake_time_nsec") / 1e9,
      rxBytes: number("rx_bytes"),
      txBytes: number("tx_bytes"),
    };
  });
}

/** One operation and the answer to it. */
function ask(socketPath: string, lines: readonly string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const failed = (why: string) => reject(new WarrenError("tool-failed", `WireGuard at ${socketPath}: ${why}`));
    const socket = createConnection({ path: socketPath, ...(signal && { signal }) });
    socket.setEncoding("utf8");
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy();
      reject(new WarrenError("timeout", `WireGuard at ${socketPath} did not answer within ${TIMEOUT_MS} ms`));
    });
    socket.on("error", (error) => failed(error.message));
    socket.on("data", (text) => {
      answer += text;
      // The connection stays open for further operations: the empty line ends the answer.
      if (!answer.endsWith("\n\n")) return;
      socket.destroy();
      const errno = /^errno=(-?\d+)$/m.exec(answer)?.[1];
      if (errno === "0") resolve(answer);
      else failed(`answered ${JSON.stringify(answer)} to its configuration`);
    });
    socket.on("end", () => failed("hung up without an answer"));
    socket.write([...lines, "", ""].join("\n"));
  });
}
