import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { tryRun } from "@warren/common/runtime/run.ts";

/** Bits of `CapEff` in `/proc/self/status` (capabilities(7)). */
const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;

/** Throws `not-root` unless this process may change networks and enter namespaces. */
export function checkRoot(): void {
  const missing = missingCapabilities();
  if (missing.length === 0) return;
  throw new WarrenError(
    "not-root",
    `an agent needs root: this process has no ${missing.join(" and no ")}; run it with sudo, or its container as root with --cap-add NET_ADMIN --cap-add SYS_ADMIN`,
  );
}

/** Which of the capabilities that we need this process does not have. */
export function missingCapabilities(status = readFileSync("/proc/self/status", "utf8")): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const wanted = [
    ["CAP_NET_ADMIN", CAP_NET_ADMIN],
    ["CAP_SYS_ADMIN", CAP_SYS_ADMIN],
  ] as const;
  return wanted.filter(([, bit]) => ((effective >> bit) & 1n) === 0n).map(([name]) => name);
}

/** Throws `tun-missing` unless `/dev/net/tun` opens. */
export async function checkTun(path = "/dev/net/tun"): Promise<void> {
  try {
    await (await open(path, "r+")).close();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const [why, fix] =
      code === "ENOENT"
        ? ["does not exist", `load the module (modprobe tun), or give the container --device ${path}`]
        : code === "EACCES" || code === "EPERM"
          ? ["may not be opened", `give the container --device ${path} --cap-add NET_ADMIN`]
          : [`cannot be opened (${code})`, "load the module tun"];
    throw new WarrenError("tun-missing", `${path} ${why}; ${fix}`, { cause: error });
  }
}

/** Throws `tool-missing`, with the package to install, unless the program is on the path. */
export async function requireTool(program: string, packageName: string): Promise<void> {
  try {
    await tryRun(program, ["-V"]);
  } catch (error) {
    if (!(error instanceof WarrenError && error.code === "tool-missing")) throw error;
    throw new WarrenError("tool-missing", `${program} is not installed; install the package ${packageName}`, {
      cause: error,
    });
  }
}
