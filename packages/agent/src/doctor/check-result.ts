import type { Check } from "./doctor.ts";

export function ok(name: string, detail: string): Check {
  return { name, state: "ok", detail, fix: "" };
}

export function warn(name: string, detail: string, fix: string): Check {
  return { name, state: "warn", detail, fix };
}

export function fail(name: string, detail: string, fix: string): Check {
  return { name, state: "fail", detail, fix };
}

/** Splits "what is wrong; what to do", the form of our error messages. */
export function failOf(name: string, error: Error): Check {
  const cut = error.message.indexOf("; ");
  return cut < 0
    ? fail(name, error.message, "")
    : fail(name, error.message.slice(0, cut), error.message.slice(cut + 2));
}
