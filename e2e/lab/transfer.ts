import { tryRunIn } from "./netns.ts";
import { type LabPod, podProgram } from "./pod.ts";
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

/** A transfer that goes on at a pace until `stop`, which gives the digests. Throws when the connection broke. */
export async function startTransfer(
  from: LabPod,
  to: LabPod,
  port: number,
  mibPerSecond: number,
): Promise<{ stop(): Promise<{ readonly sent: Digest; readonly arrived: Digest }> }> {
  const server = await to.spawn(process.execPath, [podProgram("tcp-digest-server.mjs"), String(port)]);
  await waitFor("the server to listen", () => server.log().includes("listening"));
  const args = [podProgram("tcp-digest-client.mjs"), to.address(), String(port), "100000", String(mibPerSecond)];
  const client = await from.spawn(process.execPath, args);
  return {
    async stop() {
      const { code } = await client.end(20_000);
      await server.end();
      if (code !== 0) throw new Error(`the transfer to ${to.label} broke: ${client.log().trim()}`);
      return JSON.parse(client.log()) as { sent: Digest; arrived: Digest };
    },
  };
}
