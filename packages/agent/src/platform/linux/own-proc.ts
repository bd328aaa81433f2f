import { closeSync } from "node:fs";
import koffi from "koffi";
import { nativeAddress } from "./libc.ts";

// System call numbers, the same on x64 and arm64, and constants of linux/mount.h.
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const FSOPEN_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;

let descriptor: number | null | undefined;

/**
 * Path of a procfs that only this process has: it is mounted nowhere, so nobody else can reach it, and gone with the
 * process. A container engine gives `/proc/sys` read-only; that is a property of its mount, and none of the settings
 * themselves, which below `net` belong to a network namespace. They are written here for pods, whose namespaces did not
 * exist when the engine set what it was told to.
 *
 * Null where it may not be made: without CAP_SYS_ADMIN, in a user namespace that sees a procfs with parts hidden
 * (`mount_too_revealing` of the kernel), or before Linux 5.2.
 */
export function ownProc(): string | null {
  descriptor ??= makeProc();
  return descriptor === null ? null : `/proc/self/fd/${descriptor}`;
}

function makeProc(): number | null {
  const call = koffi
    .load(null)
    .func("int64_t syscall(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)") as unknown as (
    ...numbers: number[]
  ) => number;
  const name = Buffer.from("proc\0");
  const context = call(SYS_FSOPEN, nativeAddress(name), FSOPEN_CLOEXEC, 0, 0, 0);
  if (context < 0) return null;
  try {
    if (call(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0) < 0) return null;
    const mount = call(SYS_FSMOUNT, context, FSMOUNT_CLOEXEC, 0, 0, 0);
    return mount < 0 ? null : mount;
  } finally {
    closeSync(context);
  }
}
