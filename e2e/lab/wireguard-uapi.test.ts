import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configureWireGuard, wireGuardKeys } from "./wireguard-uapi.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "warren-uapi-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Configures a WireGuard that gives this answer; resolves with what it was told. */
async function told(answer: string | null, ...lines: string[]): Promise<string> {
  let heard = "";
  const socketPath = join(directory, "wg0.sock");
  const server = createServer((socket) => {
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      heard += text;
      if (answer === null) socket.end();
      else socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  try {
    await configureWireGuard(socketPath, lines, new AbortController().signal);
    return heard;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("configuring a WireGuard of user space", () => {
  it("sends one set operation and takes errno 0 for done, though the connection stays open", async () => {
    expect(await told("errno=0\n\n", "listen_port=51820", "allowed_ip=192.0.2.1/32")).toBe(
      "set=1\nlisten_port=51820\nallowed_ip=192.0.2.1/32\n\n",
    );
  });

  it("repeats what it was answered otherwise", async () => {
    await expect(told("errno=-22\n\n", "listen_port=x")).rejects.toThrowError(/answered "errno=-22\\n\\n"/);
    await expect(told(null)).rejects.toThrowError(/hung up without an answer/);
  });

  it("names the socket when nobody listens on it", async () => {
    const nobody = join(directory, "none.sock");
    await expect(configureWireGuard(nobody, [], new AbortController().signal)).rejects.toThrowError(
      expect.objectContaining({ code: "tool-failed", message: expect.stringContaining(nobody) }),
    );
  });

  it("makes keys of 32 bytes, fresh ones each time", () => {
    const [first, second] = [wireGuardKeys(), wireGuardKeys()];
    for (const key of [first.privateKey, first.publicKey]) expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(first.privateKey).not.toBe(second.privateKey);
    expect(first.publicKey).not.toBe(second.publicKey);
  });
});
