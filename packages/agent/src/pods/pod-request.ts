import type { PodRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { checkName } from "@warren/common/net/name.ts";
import type { PodRecord } from "./pod-state.ts";

/** A request for a pod with everything decided. */
export interface WantedPod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
}

const KNOWN = new Set(["name", "namespace", "labels", "command"]);
const LABEL_KEY = /^([a-z0-9][a-z0-9.-]{0,252}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Checks what came over the local socket, field by field. Names become names of files and namespaces; a field that is not
 * known is refused, so that nobody believes to have asked for an address (CVE-2022-28224).
 * Throws `name-invalid` or `usage`.
 */
export function checkPodRequest(request: PodRequest): WantedPod {
  if (typeof request !== "object" || request === null) throw usage("a pod needs a JSON object with a name");
  for (const key of Object.keys(request))
    if (!KNOWN.has(key)) throw usage(`a pod has no field "${key}"; expected ${[...KNOWN].join(", ")}`);
  return {
    name: checkName(textOf(request.name, "name"), "pod"),
    namespace: checkName(textOf(request.namespace ?? "default", "namespace"), "namespace"),
    labels: checkLabels(request.labels ?? {}),
    command: checkCommand(request.command ?? []),
  };
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== "string") throw usage(`${field} of a pod must be a text`);
  return value;
}

function checkLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (typeof labels !== "object" || Array.isArray(labels)) throw usage("labels of a pod must be an object of texts");
  for (const [key, value] of Object.entries(labels)) {
    if (!LABEL_KEY.test(key))
      throw usage(`${JSON.stringify(key)} is not a label key; expected one like app or team/app`);
    if (typeof value !== "string" || !LABEL_VALUE.test(value))
      throw usage(
        `${JSON.stringify(value)} is not a value for label ${key}; expected at most 63 of A-Z, a-z, 0-9, . _ -`,
      );
  }
  return labels;
}

function checkCommand(command: readonly string[]): readonly string[] | null {
  if (!Array.isArray(command) || command.some((word) => typeof word !== "string" || word.includes("\0")))
    throw usage("command of a pod must be a list of texts: the program and its arguments");
  if (command.length === 0) return null;
  if (command[0] === "" || command[0]!.startsWith("-"))
    throw usage(`${JSON.stringify(command[0])} is not a program; the first word of the command names it`);
  return command;
}

function usage(message: string): WarrenError {
  return new WarrenError("usage", message);
}

/** All that a pod's command gets from the agent; the agent's own environment may hold a join token. */
export function podEnvironment(pod: Pick<PodRecord, "name" | "namespace" | "addresses">): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: process.env["HOME"] ?? "/root",
    LANG: process.env["LANG"] ?? "C.UTF-8",
    WARREN_POD: pod.name,
    WARREN_POD_NAMESPACE: pod.namespace,
    WARREN_POD_ADDRESSES: pod.addresses.join(","),
  };
}
