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

/** How long a WireGuard of user space may think about its configuration. */
const TIMEOUT_MS = 5_000;

/**
 * Hands `lines` (`key=value`) to a WireGuard of user space over its socket: the `set` operation of the cross-platform
 * protocol (https://www.wireguard.com/xplatform/), which makes the `wg` tool unnecessary.
 * @throws WarrenError `tool-failed` with what the other end said; `timeout`
 */
export function configureWireGuard(socketPath: string, lines: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const failed = (why: string) => reject(new WarrenError("tool-failed", `WireGuard at ${socketPath}: ${why}`));
    const socket = createConnection({ path: socketPath, signal });
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
      if (errno === "0") resolve();
      else failed(`answered ${JSON.stringify(answer)} to its configuration`);
    });
    socket.on("end", () => failed("hung up without an answer"));
    socket.write(["set=1", ...lines, "", ""].join("\n"));
  });
}
