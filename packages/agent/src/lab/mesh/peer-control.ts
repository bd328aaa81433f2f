import type { Socket } from "node:net";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { LineChannel } from "./line-channel.ts";
import { open, type Target } from "./load-client.ts";
import { type Answers, greeting, type Request, VERSION } from "./protocol.ts";

/** Asks the `warren bench mesh serve` of another node. */
export class PeerControl {
  readonly target: Target;
  readonly #socket: Socket;
  readonly #channel: LineChannel;
  /** Answers come in the order of requests: each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(target: Target, socket: Socket) {
    this.target = target;
    this.#socket = socket;
    this.#channel = new LineChannel(socket);
  }

  /** @throws WarrenError `unavailable` when nobody serves there, `version-mismatch` */
  static async connect(target: Target, signal: AbortSignal): Promise<PeerControl> {
    const socket = await open(target, signal);
    signal.addEventListener("abort", () => socket.destroy(), { once: true });
    const control = new PeerControl(target, socket);
    control.#channel.write({ lab: VERSION });
    if (greeting.safeParse(await control.#channel.read()).success) return control;
    socket.destroy();
    throw new WarrenError(
      "version-mismatch",
      `${target.host} port ${target.port} speaks another protocol than this \`warren bench mesh\`; run the same version of Warren on both nodes`,
    );
  }

  /** @throws the error of the other node; WarrenError `unavailable` when it went away */
  ask<What extends Request>(request: What): Promise<Answers[What["do"]]> {
    const asked = this.#last.then(() => this.#exchange(request));
    this.#last = asked.catch(() => {});
    return asked as Promise<Answers[What["do"]]>;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #exchange(request: Request): Promise<unknown> {
    this.#channel.write(request);
    const answer = await this.#channel.read();
    if (answer === undefined)
      throw new WarrenError("unavailable", "`warren bench mesh serve` on the other node has ended; start it again");
    const { error } = answer as { readonly error?: unknown };
    if (error !== undefined) throw WarrenError.fromObject(error);
    return answer;
  }
}
