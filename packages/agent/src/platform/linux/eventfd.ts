import { type Libc, nativeAddress } from "./libc.ts";

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** A counter in the kernel that makes a `poll` in another thread return. */
export interface EventFd {
  readonly fd: number;
  /** Wakes whoever polls it. */
  signal(): void;
  /** Sets it back, so that it no longer wakes anybody. */
  drain(): void;
}

/** The same eventfd seen from any thread: made by one with `openEventFd`, used by others with `useEventFd`. */
export function useEventFd(libc: Libc, fd: number): EventFd {
  const word = new Uint8Array(128);
  const at = nativeAddress(word);
  return {
    fd,
    signal() {
      word[0] = 1;
      libc.write(fd, at, 8);
    },
    drain() {
      libc.read(fd, at, 8);
      word.fill(0, 0, 8);
    },
  };
}

/** @throws Error when the process is out of descriptors. */
export function openEventFd(libc: Libc): EventFd {
  const fd = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw new Error(`eventfd failed: errno ${libc.errno()}`);
  return useEventFd(libc, fd);
}
