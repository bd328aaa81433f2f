import type { Socket } from "node:net";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** Longer than any answer; whoever sends more speaks something else. */
const LONGEST = 256 * 1024;
/** Requests come one after the other: whoever sends so many without waiting means no good. */
const MOST_WAITING = 64;

/** JSON values over a connection, one a line. */
export class LineChannel {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = "";
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    // Not until the whole first line is here: what follows it on a stream of load is not text.
    socket.on("data", this.#take);
    socket.on("close", () => this.#wake());
    socket.on("error", () => this.#wake());
  }

  /** The next value; undefined when the connection ended. @throws WarrenError `usage` for what is no JSON line */
  async read(): Promise<unknown> {
    while (this.#lines.length === 0) {
      if (this.#socket.destroyed || this.#socket.readableEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const line = this.#lines.shift()!;
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new WarrenError("usage", `expected a line of JSON, got "${line.slice(0, 80)}"`, { cause });
    }
  }

  /** There is one answer for each request, so what waits to be sent is never much. */
  write(value: unknown): void {
    this.#socket.write(`${JSON.stringify(value)}\n`);
  }

  /** From now on the bytes of the connection are the caller's; returns how many were taken that are no line. */
  release(): number {
    this.#socket.off("data", this.#take);
    return this.#rest.length + this.#lines.join("\n").length;
  }

  readonly #take = (chunk: Buffer): void => {
    const parts = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = parts.pop()!;
    this.#lines.push(...parts);
    if (this.#rest.length > LONGEST || this.#lines.length > MOST_WAITING) this.#socket.destroy();
    this.#wake();
  };
}
