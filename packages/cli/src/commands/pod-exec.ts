import { statfsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { PodInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, textFlag } from "../context.ts";

/** File system type of a namespace file, `NSFS_MAGIC` of linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;

/**
 * Becomes the program: this process is replaced (`execve`), so that terminal, signals, job control and exit code are
 * the program's own and nothing stands between it and its caller.
 */
export async function run(context: CommandContext): Promise<void> {
  if (process.getuid?.() !== 0) throw new WarrenError("not-root", "entering a pod's network needs root; use sudo");
  const namespace = textFlag(context, "namespace") ?? "default";
  const name = context.args[0]!;
  const pods = await call<PodInfo[]>(context, "agent", "GET", "/v1/pods");
  const pod = pods.find((each) => each.name === name && each.namespace === namespace);
  if (pod === undefined) {
    const elsewhere = pods.filter((each) => each.name === name).map((each) => `--namespace ${each.namespace}`);
    const hint = elsewhere.length > 0 ? `did you mean ${elsewhere.join(" or ")}?` : "see `warren pod list`";
    throw new WarrenError("not-found", `no pod ${namespace}/${name} on this node; ${hint}`);
  }
  const program = locate(context.program[0]!, context.env);
  const nsenter = locate("nsenter", context.env);
  // Node ignores SIGPIPE, and an ignored signal stays so over execve: `env` gives the program the usual behaviour.
  const env = locate("env", context.env);
  const args = ["nsenter", `--net=${namespacePath(pod)}`, "--", env, "--default-signal=PIPE,XFSZ"];
  // What the launcher has set is for Warren, not for the program.
  const { NODE_COMPILE_CACHE: _cache, MALLOC_ARENA_MAX: arenas, ...rest } = context.env;
  const environment = arenas === undefined || arenas === "1" ? rest : { ...rest, MALLOC_ARENA_MAX: arenas };
  // The warning that execve is experimental would land in the program's own standard error.
  process.removeAllListeners("warning");
  process.execve!(nsenter, [...args, program, ...context.program.slice(1)], environment);
}

/**
 * Where the pod's network namespace can be opened from here. `ip netns exec` gives its program a mount namespace of
 * its own, in which /run/netns may lack what was mounted since; the first process of the machine sees it (and kthreadd,
 * which shares its mounts and may be looked at by more), and so does the pod's own program.
 */
function namespacePath(pod: PodInfo): string {
  const candidates = [pod.netns, `/proc/1/root${pod.netns}`, `/proc/2/root${pod.netns}`];
  if (pod.process?.running) candidates.push(`/proc/${pod.process.pid}/ns/net`);
  const found = candidates.find(isNamespace);
  if (found !== undefined) return found;
  throw new WarrenError(
    "not-found",
    `the namespace of pod ${pod.namespace}/${pod.name} is not at ${pod.netns} any more`,
  );
}

function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

/** Full path of a program, as a shell would find it. @throws WarrenError `tool-missing` */
function locate(program: string, env: NodeJS.ProcessEnv): string {
  if (program.includes("/")) return program;
  const folders = [...(env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"].filter(Boolean);
  const found = folders.map((folder) => join(folder, program)).find(isExecutable);
  if (found === undefined) throw new WarrenError("tool-missing", `${program}: no such program on PATH`);
  return found;
}
