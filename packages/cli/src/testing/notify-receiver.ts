import koffi from "koffi";
import { unixAddress } from "../service/notify-socket.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const DEADLINE_MS = 30_000;

/** A service manager's end of `NOTIFY_SOCKET`: a real socket that keeps what it is sent. */
export class NotifyReceiver {
  readonly #libc = koffi.load(null);
  readonly #recv = this.#libc.func("int64_t recv(int fd, uint8_t *data, uint64_t length, int flags)");
  readonly #fd: number;
  readonly name: string;
  /** Every message so far. */
  readonly messages: string[] = [];

  constructor(name: string) {
    this.name = name;
    const address = unixAddress(name);
    this.#fd = this.#libc.func("int socket(int, int, int)")(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0) as number;
    const bind = this.#libc.func("int bind(int fd, const uint8_t *address, uint32_t size)");
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind ${name}`);
  }

  /** Waits until the messages are as asked, and returns them. */
  async until(isEnough: (messages: readonly string[]) => boolean): Promise<readonly string[]> {
    for (const deadline = Date.now() + DEADLINE_MS; ; ) {
      this.#receive();
      if (isEnough(this.messages)) return this.messages;
      if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms; got ${JSON.stringify(this.messages)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  close(): void {
    this.#libc.func("int close(int fd)")(this.#fd);
  }

  #receive(): void {
    const data = Buffer.alloc(4096);
    for (let length = this.#next(data); length >= 0; length = this.#next(data))
      this.messages.push(data.toString("utf8", 0, length));
  }

  #next(data: Buffer): number {
    return Number(this.#recv(this.#fd, data, data.length, 0));
  }
}
