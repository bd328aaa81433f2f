import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ownProc } from "./own-proc.ts";

/** A setting below `/proc/sys`, as path segments, because an interface name may hold a dot or not. */
export type SysctlKey = readonly string[];

/** Current value, or null when this kernel has no such setting (IPv6 compiled out, interface gone). */
export function readSysctl(key: SysctlKey): string | null {
  const path = pathOf(key);
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/**
 * Writes the value unless it is there already. `/proc/sys` is read-only in containers: then it is written through a
 * procfs of our own, where that may be made. Synchronous: `netns.ts` calls it inside a pod's namespace.
 * @returns false when this kernel has no such setting
 */
export function writeSysctl(key: SysctlKey, value: string): boolean {
  const current = readSysctl(key);
  if (current === null) return false;
  if (current === value) return true;
  try {
    writeThrough(key, value);
  } catch (error) {
    throw new WarrenError(
      "tool-failed",
      `the setting ${key.join(".")} is ${current} and cannot be set to ${value}; set it on the host, or give the container --cap-add SYS_ADMIN or --sysctl`,
      { cause: error },
    );
  }
  return true;
}

function writeThrough(key: SysctlKey, value: string): void {
  try {
    writeFileSync(pathOf(key), value);
  } catch (error) {
    const proc = (error as NodeJS.ErrnoException).code === "EROFS" ? ownProc() : null;
    if (proc === null) throw error;
    writeFileSync(pathOf(key, proc), value);
  }
}

/** Names below a directory of settings, such as the interfaces in `net/ipv6/conf`; none when it is absent. */
export function listSysctl(key: SysctlKey): string[] {
  const path = pathOf(key);
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function pathOf(key: SysctlKey, proc = "/proc"): string {
  for (const part of key)
    if (part === "" || part === "." || part === ".." || part.includes("/"))
      throw new WarrenError("internal", `${JSON.stringify(part)} is not a part of a setting`);
  return `${proc}/sys/${key.join("/")}`;
}
