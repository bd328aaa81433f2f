import { fileURLToPath } from "node:url";
import { connectionsKcps } from "./connections-output.ts";
import { withListener } from "./listener.ts";
import type { Work } from "./work.ts";

const PORT = 7007;

/** Node runs them as they are; in processes of their own, in the hosts' namespaces. */
const program = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));

/** Short TCP connections, 16 at a time: each is opened, carries one byte each way, and is closed. */
export const connections: Work = {
  name: "connections",
  figures: [
    {
      name: "connections",
      about: "TCP connections opened, a byte each way, and closed",
      unit: "thousand/s",
      better: "higher",
    },
  ],
  run: ({ client, server, serverAddress }, seconds, signal) => {
    const args = [program("connections-server.ts"), serverAddress, String(PORT)];
    const listener = { program: process.execPath, args, protocol: "tcp", port: PORT } as const;
    return withListener(server, listener, signal, async () => {
      const asked = [program("connections-client.ts"), serverAddress, String(PORT), String(seconds)];
      const timeoutMs = (seconds + 20) * 1000;
      const { stdout } = await client.run(process.execPath, asked, { signal, timeoutMs });
      return [connectionsKcps(stdout)];
    });
  },
};
