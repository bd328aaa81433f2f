import { type Logger, pino } from "pino";
import type { ControlConfig } from "./control-config.ts";

/** Keys whose values never reach a log, wherever they turn up. */
const SECRETS = ["secret", "token_secret", "keyPem", "*.secret", "*.token_secret", "*.keyPem"];

/** The control plane's logger: JSON lines, or lines for people, on standard error. */
export function createControlLogger(config: Pick<ControlConfig, "log-level" | "log-format">): Logger {
  const options = { level: config["log-level"], redact: SECRETS, base: null };
  if (config["log-format"] === "json") {
    return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr);
  }
  return pino(options, { write: (line: string) => process.stderr.write(forPeople(line)) });
}

const LEVELS: Readonly<Record<number, string>> = { 10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error" };

function forPeople(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as {
    level: number;
    time: number;
    msg: string;
    err?: { message: string };
  };
  const shown = Object.entries({ ...fields, ...(err && { error: err.message }) }).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const head = `${new Date(time).toISOString()} ${LEVELS[level] ?? level} ${msg}`;
  return `${[head, ...shown].join(" ")}\n`;
}
