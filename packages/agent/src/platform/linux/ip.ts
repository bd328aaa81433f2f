import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";

/** One line of `ip -batch`, as words: `["link", "set", "warren0", "up"]`. */
export type IpLine = readonly string[];

export interface IpOptions {
  /** Network namespace to work in, by name. */
  readonly netns?: string;
  /** Program and arguments put in front, such as `nsenter --mount=…`; from `mount.ts`. */
  readonly prefix?: readonly string[];
  /** Goes on behind a line that fails; the error, then, is of the first one. */
  readonly force?: boolean;
}

/**
 * Runs the lines in order in one `ip` process; the first that fails ends the batch and is named in the error
 * (`tool-failed`). `netns add` and `netns del` lines work too: `ip` comes back to its own namespace after each.
 */
export async function ipBatch(lines: readonly IpLine[], options: IpOptions = {}): Promise<void> {
  if (lines.length === 0) return;
  const [program, args] = command(
    [...netnsArgs(options), ...(options.force ? ["-force"] : []), "-batch", "-"],
    options,
  );
  const input = `${lines.map(formatLine).join("\n")}\n`;
  const result = await tryRun(program, args, { input });
  if (result.code === 0) return;
  throw new WarrenError("tool-failed", `ip: ${explain(result.stderr, lines)}`);
}

/** `ip -json ARGS` parsed; no output is an empty list. */
export async function ipJson<T>(args: readonly string[], options: IpOptions = {}): Promise<T[]> {
  const [program, all] = command([...netnsArgs(options), "-json", ...args], options);
  const { stdout } = await run(program, all);
  return stdout.trim() === "" ? [] : (JSON.parse(stdout) as T[]);
}

function netnsArgs(options: IpOptions): string[] {
  return options.netns === undefined ? [] : ["-n", options.netns];
}

function command(args: readonly string[], options: IpOptions): [string, string[]] {
  const all = [...(options.prefix ?? []), "ip", ...args];
  return [all[0]!, all.slice(1)];
}

/** The batch format splits on blanks and knows quotes, comments and line continuation: none of them may come in. */
export function formatLine(line: IpLine): string {
  for (const word of line)
    if (!/^[A-Za-z0-9./:_@+-]+$/.test(word))
      throw new WarrenError("internal", `${JSON.stringify(word)} is not a word for ip -batch`);
  return line.join(" ");
}

/** "RTNETLINK answers: File exists / Command failed -:3" → the answer and the line it belongs to. */
export function explain(stderr: string, lines: readonly IpLine[]): string {
  const number = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const line = number === undefined ? undefined : lines[Number(number) - 1];
  const said = stderr.replace(/Command failed -:\d+/, "").trim() || "ended with an error";
  return line ? `${said} (at "${line.join(" ")}")` : said;
}

/** What `ip -json link` and `ip -json address` say of an interface, as far as we read it. */
export interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly address?: string;
  readonly operstate?: string;
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
    readonly dadfailed?: boolean;
  }[];
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: {
      readonly port?: number;
      readonly id?: number;
      readonly local?: string;
      readonly local6?: string;
      readonly learning?: boolean;
    };
  };
}

/** What `ip -json route` says of a route, as far as we read it. */
export interface IpRoute {
  readonly type?: string;
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
  readonly prefsrc?: string;
  readonly protocol?: string;
  readonly metric?: number;
}

/** The destination of a route as a prefix: `ip` leaves the length of a host route out. */
export function withLength(dst: string): string {
  if (dst.includes("/") || dst === "default") return dst;
  return `${dst}/${dst.includes(":") ? 128 : 32}`;
}
