import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { LabNode } from "@warren/e2e/lab/node.ts";
import type { Supervised } from "@warren/e2e/lab/supervised.ts";
import { WaitEnded, waitFor } from "@warren/e2e/lab/wait-for.ts";

/** State column of `/proc/net/{tcp,udp}`: a listening TCP socket, an unconnected UDP socket. */
const STATE = { tcp: "0A", udp: "07" } as const;

export interface ListenerOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly protocol: keyof typeof STATE;
  readonly port: number;
}

/**
 * Runs `use` while a server program listens on `host`, and ends the program afterwards. Throws `tool-failed` with its
 * last words when it ends before it listens.
 */
export async function withListener<T>(
  host: LabNode,
  options: ListenerOptions,
  signal: AbortSignal,
  use: () => Promise<T>,
): Promise<T> {
  const { program, args, protocol, port } = options;
  const server = await host.spawn(program, args);
  try {
    await waitFor(
      `${program} to listen on ${protocol} port ${port}`,
      () => {
        if (!server.running)
          throw new WaitEnded(new WarrenError("tool-failed", `${program}: ${server.log().trim() || "ended at once"}`));
        return listens(server, protocol, port);
      },
      { signal, everyMs: 10, timeoutMs: 5_000 },
    );
    return await use();
  } finally {
    await server.end(1_000);
  }
}

/** The kernel's own table, as the server's namespace has it: what programs print is buffered, and asking disturbs. */
function listens(server: Supervised, protocol: keyof typeof STATE, port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["", "6"].some((family) =>
    readFileSync(`/proc/${server.pid}/net/${protocol}${family}`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .some((columns) => columns[1]?.endsWith(local) && columns[3] === STATE[protocol]),
  );
}
