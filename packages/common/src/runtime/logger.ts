import { type Logger, pino } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "silent"];

export type LogFormat = "text" | "json";
export const LOG_FORMATS: readonly LogFormat[] = ["text", "json"];

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default `text`. */
  readonly format?: LogFormat;
  /** Takes whole lines, each with its newline. Default: standard error. */
  readonly write?: (line: string) => void;
}

/**
 * Secrets that must not reach a log even when somebody logs the object that holds them: join tokens, keys, TLS key
 * material; at the top and one level down.
 */
const SECRETS = ["token", "secret", "token_secret", "privateKey", "key", "password"];

/** The logger of a process. Components take `logger.child({ component: "…" })`. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const text = (options.format ?? "text") === "text";
  return pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: "[secret]" },
    },
    { write: text ? (line: string) => write(formatText(line)) : write },
  );
}

/** `2026-11-21T08:40:10.123Z INFO  ipam: lease taken cidr=10.244.1.0/24` */
function formatText(line: string): string {
  const { time, level, component, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const cause = err as { message?: string; code?: string; stack?: string } | undefined;
  if (cause) fields.push(` err=${formatValue(cause.message)}`, cause.code ? ` code=${cause.code}` : "");
  const from = component === undefined ? "" : `${String(component)}: `;
  const head = `${String(time)} ${String(level).toUpperCase().padEnd(5)} ${from}${msg === undefined ? "" : String(msg)}`;
  // Only a defect needs its stack; what has a code tells its story in the message.
  const stack = cause?.stack && (cause.code === undefined || cause.code === "internal") ? `${cause.stack}\n` : "";
  return `${head}${fields.join("")}\n${stack}`;
}

/** Bare when it is one word; quoted otherwise, so that what a peer sent cannot forge a field or a line. */
function formatValue(value: unknown): string {
  if (typeof value === "string" && /^[\w.:/@%+-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? "undefined";
}
