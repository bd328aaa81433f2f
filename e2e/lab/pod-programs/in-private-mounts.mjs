// node in-private-mounts.mjs MOUNT-ARGUMENT… -- PROGRAM ARG…: run under `unshare --mount`; mounts, then becomes the
// program. For hosts that lack a device file, without touching this one.
import { execFileSync } from "node:child_process";

const words = process.argv.slice(2);
const end = words.indexOf("--");
execFileSync("mount", words.slice(0, end), { stdio: "inherit" });
const [program, ...args] = words.slice(end + 1);
process.execve(program, [program, ...args], process.env);
