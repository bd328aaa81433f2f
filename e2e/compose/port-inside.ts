import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { enterArgs } from "../lab/netns.ts";

/** A program of this folder, to be run by `process.execPath`. */
export function composeProgram(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}

/** A program of this folder that runs in a namespace until it is ended, and has said that it listens. */
export async function listenInside(netns: string, program: string, ...args: string[]): Promise<() => Promise<void>> {
  const words = enterArgs(netns, process.execPath, [composeProgram(program), ...args]);
  const child = spawn("nsenter", words, { stdio: ["ignore", "pipe", "inherit"] });
  await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
  return async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  };
}

/** A port of 127.0.0.1 out here that leads to one of 127.0.0.1 in a namespace. */
export async function portInside(
  netns: string,
  port: number,
  socket: string,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  rmSync(socket, { force: true });
  const end = await listenInside(netns, "relay.mjs", socket, String(port));
  const server = createServer((inbound) => {
    const outbound = connect(socket);
    inbound.pipe(outbound).pipe(inbound);
    inbound.on("error", () => outbound.destroy());
    outbound.on("error", () => inbound.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      await end();
    },
  };
}
