import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { copyFile, cp, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { gitFiles } from "./git-files.ts";

const CACHE = join(homedir(), ".cache/warren");
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What a small Debian server has. Another list here, another name of the directory below. */
const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "iproute2", "iputils-ping", "nftables"],
  ...["ca-certificates", "git"],
];
/** What README asks for beside git; by apt, because debootstrap cannot configure npm. */
const NODE = ["nodejs", "npm"];
const SUITE = "bookworm";
const MINUTES = 60_000;

/** A Debian with systemd, made once by debootstrap and kept in the cache: two minutes, and 900 MB. */
export async function debianRoot(): Promise<string> {
  const root = join(CACHE, `debian-${SUITE}-1`);
  if (existsSync(root)) return root;
  process.stderr.write(`making a Debian ${SUITE} in ${root} (once, some minutes) …\n`);
  const draft = `${root}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const include = `--include=${PACKAGES.join(",")}`;
    await make("debootstrap", ["--variant=minbase", include, SUITE, draft]);
    const install = ["install", "--yes", "--no-install-recommends", ...NODE];
    const quiet = "--setenv=DEBIAN_FRONTEND=noninteractive";
    await make("systemd-nspawn", [...inside(draft), quiet, "apt-get", ...install]);
    rmSync(join(draft, "var/cache/apt/archives"), { recursive: true, force: true });
    renameSync(draft, root);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return root;
}

/**
 * Warren in that Debian as README says: `git clone`, and the first command installs the rest, with Debian's Node.js and
 * npm. What is not committed yet is copied over the clone. The registries are reached as this machine reaches them.
 * @param dir where the changes to the Debian go: the lower layer of every machine
 */
export async function installWarren(dir: string): Promise<string> {
  const debian = await debianRoot();
  const [upper, work, merged] = ["upper", "work", "merged"].map((name) => join(dir, name)) as [string, string, string];
  for (const path of [upper, work, merged]) mkdirSync(path, { recursive: true });
  await run("mount", [
    "-t",
    "overlay",
    "overlay",
    "-o",
    `lowerdir=${debian},upperdir=${upper},workdir=${work}`,
    merged,
  ]);
  try {
    await copyFile("/etc/ssl/certs/ca-certificates.crt", join(merged, "etc/ssl/certs/ca-certificates.crt"));
    const warren = join(merged, "opt/warren");
    await run("git", ["clone", "--quiet", "--depth=1", `file://${ROOT}`, warren], { timeoutMs: 2 * MINUTES });
    for (const path of gitFiles(ROOT, ["--modified", "--others", "--exclude-standard"])) {
      if (!existsSync(join(ROOT, path))) continue;
      mkdirSync(dirname(join(warren, path)), { recursive: true });
      await cp(join(ROOT, path), join(warren, path));
    }
    const trust = "--setenv=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt";
    await symlink("/opt/warren/warren", join(merged, "usr/local/bin/warren"));
    await make("systemd-nspawn", [...inside(merged), trust, "warren", "version"]);
  } finally {
    await run("umount", [merged]);
  }
  return `${upper}:${debian}`;
}

/** Arguments of systemd-nspawn that run a program in the directory, with the network of this machine. */
function inside(dir: string): string[] {
  return ["--quiet", "--register=no", "--keep-unit", "--pipe", "--resolv-conf=copy-host", `--directory=${dir}`];
}

/** These write hundreds of lines; of a failure the last ones tell. */
async function make(program: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await tryRun(program, args, { timeoutMs: 20 * MINUTES });
  if (code === 0) return;
  const last = `${stdout}${stderr}`.trim().split("\n").slice(-5).join("\n");
  throw new WarrenError("tool-failed", `${program} ${args.join(" ")}: ${last}`);
}
