import { tryRunIn } from "./netns.ts";
import { podProgram } from "./pod.ts";
import type { Supervised } from "./supervised.ts";
import { waitFor } from "./wait-for.ts";

/** Where programs can be started: a node or a pod. */
export interface Place {
  spawn(program: string, args: readonly string[]): Promise<Supervised>;
}

export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Sends `mib` MiB over one TCP connection from a namespace to a server in `server`, which is started for it. The digests
 * of what was sent and of what arrived are equal when not a bit was lost on the way.
 */
export async function transfer(
  fromNetns: string,
  server: Place,
  address: string,
  port: number,
  mib: number,
): Promise<{ readonly sent: Digest; readonly arrived: Digest }> {
  const listening = await server.spawn(process.execPath, [podProgram("tcp-digest-server.mjs"), String(port)]);
  try {
    await waitFor("the server to listen", () => listening.log().includes("listening"));
    const args = [podProgram("tcp-digest-client.mjs"), address, String(port), String(mib)];
    const { stdout, stderr, code } = await tryRunIn(fromNetns, process.execPath, args, { timeoutMs: 30_000 });
    if (code !== 0) throw new Error(`the transfer to ${address} broke: ${stderr.trim()}`);
    return JSON.parse(stdout) as { sent: Digest; arrived: Digest };
  } finally {
    await listening.end();
  }
}
