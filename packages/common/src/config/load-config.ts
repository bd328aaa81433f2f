import { readFileSync } from "node:fs";
import type { z } from "zod";
import { WarrenError } from "../errors/warren-error.ts";
import { type Kind, kindOf } from "./config-keys.ts";
import { nearestWord } from "./did-you-mean.ts";

/** Where a value came from, for `warren config print` and for error messages. */
export interface Origin {
  readonly source: "flag" | "env" | "file" | "default";
  /** `--pod-cidr`, `WARREN_POD_CIDR`, `/etc/warren/control.yaml:3`, or `default`. */
  readonly where: string;
}

export interface ConfigSources<S extends z.ZodObject> {
  /** Keys are the names of the flags, in kebab-case or camelCase; lists are `z.array(…)`. */
  readonly schema: S;
  /** Values of the command line by key; text, lists of text, or true. Absent or undefined: not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** YAML file whose keys are flag names. It must exist, unless `fileOptional`. */
  readonly file?: string | undefined;
  readonly fileOptional?: boolean;
}

export interface LoadedConfig<T> {
  readonly values: T;
  /** For every key of the schema, in its order. */
  readonly origin: Readonly<Record<string, Origin>>;
}

/** The name of a schema key as a flag and as a YAML key: `podCidr` and `pod-cidr` are both `pod-cidr`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The environment variable of a key: `pod-cidr` is `WARREN_POD_CIDR`. */
export function envName(key: string): string {
  return `WARREN_${flagName(key).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Reads a configuration: flag, else `WARREN_*` variable (lists separated by commas), else key of the YAML file, else
 * the schema's default. An empty variable counts as absent.
 * @throws WarrenError `config-invalid` that names the flag, the variable, or file, line and key
 */
export async function loadConfig<S extends z.ZodObject>(sources: ConfigSources<S>): Promise<LoadedConfig<z.output<S>>> {
  const { schema, flags = {}, env = {}, file } = sources;
  const keys = Object.keys(schema.shape);
  const fromFile = file === undefined ? new Map() : await readConfigFile(file, keys, sources.fileOptional ?? false);

  const input: Record<string, unknown> = {};
  const origin: Record<string, Origin> = {};
  for (const key of keys) {
    const flag = flags[key] ?? flags[flagName(key)];
    const variable = env[envName(key)];
    const entry = fromFile.get(flagName(key));
    const kind = kindOf(schema.shape[key] as z.core.$ZodType);
    if (flag !== undefined) {
      input[key] = fromText(flag, kind);
      origin[key] = { source: "flag", where: `--${flagName(key)}` };
    } else if (variable !== undefined && variable !== "") {
      input[key] = fromText(variable, kind);
      origin[key] = { source: "env", where: envName(key) };
    } else if (entry !== undefined) {
      // A list of one may be written without brackets.
      input[key] = kind === "array" && !Array.isArray(entry.value) ? [entry.value] : entry.value;
      origin[key] = { source: "file", where: entry.where };
    } else {
      origin[key] = { source: "default", where: "default" };
    }
  }

  const parsed = schema.safeParse(input);
  if (parsed.success) return { values: parsed.data, origin };
  throw new WarrenError(
    "config-invalid",
    parsed.error.issues.map((issue) => describeIssue(issue, input, origin)).join("; "),
  );
}

interface FileEntry {
  readonly value: unknown;
  readonly where: string;
}

async function readConfigFile(
  file: string,
  keys: readonly string[],
  optional: boolean,
): Promise<Map<string, FileEntry>> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && optional) return new Map();
    const what = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new WarrenError("config-invalid", `${file}: the configuration file ${what}`, { cause: error });
  }
  // An agent without a file, and there are many, does not carry a YAML parser for its life.
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined) => `${file}:${lines.linePos(offset ?? 0).line}`;
  const syntax = document.errors[0];
  if (syntax) throw new WarrenError("config-invalid", `${at(syntax.pos[0])}: not YAML: ${syntax.message}`);
  if (document.contents === null) return new Map();

  const root: unknown = document.contents;
  if (!isYamlMap(root)) {
    throw new WarrenError(
      "config-invalid",
      `${at(0)}: expected "key: value" lines with the names of the flags as keys`,
    );
  }
  const names = keys.map(flagName);
  const entries = new Map<string, FileEntry>();
  for (const pair of root.items) {
    const name = String(pair.key.value ?? pair.key);
    const where = at(pair.key.range?.[0]);
    if (!names.includes(name)) {
      const near = nearestWord(flagName(name), names);
      const hint = near === undefined ? `expected one of ${names.join(", ")}` : `did you mean "${near}"?`;
      throw new WarrenError("config-invalid", `${where}: key "${name}" is not known; ${hint}`);
    }
    const value = pair.value?.toJSON(document) as unknown;
    // `key:` with nothing behind it is absent, not null.
    if (value !== null && value !== undefined) entries.set(name, { value, where });
  }
  return entries;
}

/** The part of yaml's YAMLMap that is used here. */
interface YamlMapShape {
  readonly items: readonly {
    readonly key: { readonly value?: unknown; readonly range?: readonly number[] | null };
    readonly value: { toJSON(document: unknown): unknown } | null;
  }[];
}

function isYamlMap(node: unknown): node is YamlMapShape {
  const items = (node as { items?: readonly object[] }).items;
  return Array.isArray(items) && items.every((item) => "key" in item && "value" in item);
}

/** A flag or variable as what the schema expects. What does not fit stays text, for the schema to refuse. */
function fromText(value: unknown, kind: Kind): unknown {
  if (kind === "array") {
    const parts = Array.isArray(value) ? (value as unknown[]) : [value];
    return parts.flatMap((part) => (typeof part === "string" ? part.split(",").map((text) => text.trim()) : [part]));
  }
  if (typeof value !== "string") return value;
  if (kind === "number" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (kind === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  input: Readonly<Record<string, unknown>>,
  origin: Readonly<Record<string, Origin>>,
): string {
  const key = String(issue.path[0] ?? "");
  const name = flagName(key);
  const from = origin[key];
  if (from === undefined) return issue.message;
  if (from.source === "default") {
    return `${name}: required; give --${name}, ${envName(key)} or "${name}:" in the configuration file`;
  }
  // The value as the user wrote it (one of a list: that one), not as a conversion left it.
  const value = Array.isArray(input[key]) && issue.path.length > 1 ? input[key][Number(issue.path[1])] : input[key];
  const got = JSON.stringify(value);
  const message = issue.message.replace(/^Invalid input: (expected \w+), received .*$/, "$1");
  const shown = /token|secret|password/.test(name) || message.includes(got) ? "" : `, got ${got}`;
  const subject = from.source === "file" ? `${from.where}: ${name}` : from.where;
  return `${subject}: ${message}${shown}`;
}
