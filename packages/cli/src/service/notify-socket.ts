import { getSystemErrorName } from "node:util";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import koffi from "koffi";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of unix(7). */
const MAX_PATH = 108;

/** The way to a service manager: whole messages, each one datagram. */
export interface NotifySocket {
  /**
   * Sends one message, without waiting. False when the manager has too many unread ones: try again later.
   * @throws WarrenError `unavailable` when nobody listens there
   */
  send(message: string): boolean;
  close(): void;
}

/**
 * Opens the socket that `NOTIFY_SOCKET` names: a path, or an abstract name behind `@`. Node has no datagram sockets of
 * the Unix family, and a program started for each sign of life would cost more than all else that an idle agent does, so
 * it is done with the C library. Every message is addressed anew: a manager that starts again has a new socket there.
 * @throws WarrenError `config-invalid` when it names nothing of the kind
 */
export function openNotifySocket(name: string): NotifySocket {
  const address = unixAddress(name);
  const libc = koffi.load(null);
  const socket = libc.func("int socket(int domain, int type, int protocol)");
  const sendto = libc.func(
    "int64_t sendto(int fd, const uint8_t *data, uint64_t length, int flags, const uint8_t *address, uint32_t size)",
  );
  const close = libc.func("int close(int fd)");

  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number;
  if (fd < 0) throw failure(name, "config-invalid");
  return {
    send(message) {
      const data = Buffer.from(message);
      const sent = sendto(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length) as number;
      if (sent >= 0) return true;
      if (errno() === "EAGAIN") return false;
      throw failure(name, "unavailable");
    },
    close: () => void close(fd),
  };
}

/** A `sockaddr_un`: an abstract name starts with a zero byte and has no end but the length. */
export function unixAddress(name: string): Buffer {
  const isAbstract = name.startsWith("@");
  if (!isAbstract && !name.startsWith("/"))
    throw new WarrenError("config-invalid", `NOTIFY_SOCKET is "${name}"; expected a path, or @ and an abstract name`);
  const path = Buffer.from(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > MAX_PATH)
    throw new WarrenError("config-invalid", `NOTIFY_SOCKET is longer than ${MAX_PATH - 1} bytes: "${name}"`);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}

function failure(name: string, code: "config-invalid" | "unavailable"): WarrenError {
  return new WarrenError(code, `the service manager cannot be told at ${name}: ${errno()}`);
}

function errno(): string {
  return getSystemErrorName(-koffi.errno());
}
