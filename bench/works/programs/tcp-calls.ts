/**
 * TCP over IPv4 by the system calls themselves, for as many connections a second as two cores can open: through
 * `node:net` the two ends spend 190 µs of processor time on each (loopback, 4,600 a second), so that systems look more alike
 * than they are; so they spend 20 µs besides what the kernel does (10,500 a second). No socket blocks. Whatever fails throws with the number of the error.
 */
import koffi from "koffi";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
const EINPROGRESS = 115;
const BACKLOG = 1024;

const library = koffi.load(null);
const libc = {
  socket: library.func("int socket(int domain, int type, int protocol)"),
  setsockopt: library.func("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)"),
  bind: library.func("int bind(int fd, const void *address, uint32_t length)"),
  listen: library.func("int listen(int fd, int backlog)"),
  accept4: library.func("int accept4(int fd, void *address, void *length, int flags)"),
  connect: library.func("int connect(int fd, const void *address, uint32_t length)"),
  send: library.func("int64_t send(int fd, const void *bytes, uint64_t length, int flags)"),
  recv: library.func("int64_t recv(int fd, void *bytes, uint64_t length, int flags)"),
  close: library.func("int close(int fd)"),
};

const oneByte = Buffer.from("x");

/** `struct sockaddr_in`. */
export function socketAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

export function listenOn(address: Buffer): number {
  const fd = newSocket();
  const on = Buffer.from(Int32Array.of(1).buffer);
  check("setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, on.length));
  check("bind", libc.bind(fd, address, address.length));
  check("listen", libc.listen(fd, BACKLOG));
  return fd;
}

/** The next connection; null when none is waiting. */
export function accept(listener: number): number | null {
  return unless(EAGAIN, "accept4", libc.accept4(listener, null, null, SOCK_NONBLOCK));
}

/** Begins to open a connection: it is open, or has failed, when its socket can be written to. */
export function connectTo(address: Buffer): number {
  const fd = newSocket();
  unless(EINPROGRESS, "connect", libc.connect(fd, address, address.length));
  return fd;
}

export function sendByte(fd: number): void {
  check("send", libc.send(fd, oneByte, 1, MSG_NOSIGNAL));
}

/** How many bytes came, 0 at the end of the connection; null when nothing is there yet. */
export function receiveByte(fd: number): number | null {
  return unless(EAGAIN, "recv", libc.recv(fd, oneByte, 1, 0));
}

export function close(fd: number): void {
  libc.close(fd);
}

const newSocket = () => check("socket", libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call} failed with errno ${koffi.errno()}`);
  return result;
}

function unless(expected: number, call: string, result: number): number | null {
  return result < 0 && koffi.errno() === expected ? null : check(call, result);
}
