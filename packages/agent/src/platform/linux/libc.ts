import koffi from "koffi";

/**
 * The system calls of the packet path. Every pointer is a number (`uint64_t`), every length too, so that a call moves
 * registers and nothing else: 30 ns on top of the system call itself. No structure is marshalled; callers lay them out
 * in memory whose address they know.
 *
 * A call that fails returns -1 and `errno()` says why, as in C. `errno` belongs to the thread and holds until the next
 * call.
 */
export interface Libc {
  readonly open: (path: number, flags: number) => number;
  readonly close: (fd: number) => number;
  readonly ioctl: (fd: number, request: number, argument: number) => number;
  readonly read: (fd: number, at: number, length: number) => number;
  readonly write: (fd: number, at: number, length: number) => number;
  readonly writev: (fd: number, iovec: number, count: number) => number;
  readonly poll: (fds: number, count: number, timeoutMs: number) => number;
  readonly eventfd: (initial: number, flags: number) => number;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: number, length: number) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: number, length: number) => number;
  readonly getsockopt: (fd: number, level: number, option: number, value: number, length: number) => number;
  readonly getsockname: (fd: number, address: number, length: number) => number;
  readonly sendmsg: (fd: number, message: number, flags: number) => number;
  readonly recvmsg: (fd: number, message: number, flags: number) => number;
  readonly if_nametoindex: (name: number) => number;
  readonly sched_yield: () => number;
  readonly clock_gettime: (clock: number, timespec: number) => number;
  readonly errno: () => number;
}

const SIGNATURES = {
  // `open` and `ioctl` are variadic in C; with at most one pointer-sized extra argument both 64-bit Linux ABIs pass it
  // in the same register.
  open: "int open(uint64_t path, int flags)",
  close: "int close(int fd)",
  ioctl: "int ioctl(int fd, uint64_t request, uint64_t argument)",
  read: "int64_t read(int fd, uint64_t at, uint64_t length)",
  write: "int64_t write(int fd, uint64_t at, uint64_t length)",
  writev: "int64_t writev(int fd, uint64_t iovec, int count)",
  poll: "int poll(uint64_t fds, uint64_t count, int timeout)",
  eventfd: "int eventfd(uint32_t initial, int flags)",
  socket: "int socket(int domain, int type, int protocol)",
  bind: "int bind(int fd, uint64_t address, uint32_t length)",
  setsockopt: "int setsockopt(int fd, int level, int option, uint64_t value, uint32_t length)",
  getsockopt: "int getsockopt(int fd, int level, int option, uint64_t value, uint64_t length)",
  getsockname: "int getsockname(int fd, uint64_t address, uint64_t length)",
  sendmsg: "int64_t sendmsg(int fd, uint64_t message, int flags)",
  recvmsg: "int64_t recvmsg(int fd, uint64_t message, int flags)",
  if_nametoindex: "uint32_t if_nametoindex(uint64_t name)",
  sched_yield: "int sched_yield()",
  clock_gettime: "int clock_gettime(int clock, uint64_t timespec)",
} as const satisfies Record<Exclude<keyof Libc, "errno">, string>;

let loaded: Libc | undefined;

/** The C library of this process; bound on the first call in each thread. */
export function loadLibc(): Libc {
  if (loaded) return loaded;
  const library = koffi.load(null);
  const functions = Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)]),
  );
  loaded = { ...functions, errno: () => koffi.errno() } as unknown as Libc;
  return loaded;
}

/**
 * Native address of the first byte. Good for as long as the array is referenced and its buffer neither grows nor moves
 * to another thread.
 */
export function nativeAddress(bytes: Uint8Array): number {
  return Number(koffi.address(bytes));
}
