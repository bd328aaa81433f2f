import { readFileSync } from "node:fs";
import { agentConfigSchema } from "@warren/agent/app/agent-config.ts";
import { controlConfigSchema } from "@warren/control/app/control-config.ts";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { SERVICE_KEYS, type Service } from "./service-keys.ts";

const SCHEMAS = { agent: agentConfigSchema, control: controlConfigSchema };
const read = (service: Service) =>
  readFileSync(new URL(`../../../../examples/${service}.yaml`, import.meta.url), "utf8");

/** A setting that is commented out has its # at the margin and no space behind it, or is an item of a list. */
const SETTING = /^#(?=[a-z]| {2}- )/gm;

/** The comment block above each key, commented out or not. */
function comments(text: string): Map<string, string> {
  const blocks = new Map<string, string>();
  let block: string[] = [];
  let inBlock = false;
  for (const line of text.split("\n")) {
    const key = /^#?([a-z][a-z-]*):/.exec(line)?.[1];
    if (key !== undefined) blocks.set(key, block.join(" "));
    inBlock = line.startsWith("# ");
    if (inBlock) block.push(line.slice(2));
    else if (line === "") block = [];
  }
  return blocks;
}

describe.each(["agent", "control"] as const)("examples/%s.yaml", (service) => {
  const text = read(service);
  const asShipped = (parse(text) ?? {}) as Record<string, unknown>;
  const uncommented = parse(text.replaceAll(SETTING, "")) as Record<string, unknown>;
  const keys = SERVICE_KEYS[service];

  test("names every key of the schema, once, and no other", () => {
    expect(Object.keys(uncommented).sort()).toEqual(keys.map((key) => key.name).sort());
  });

  test("is valid as it is, and with everything uncommented", () => {
    expect(SCHEMAS[service].safeParse(asShipped).error?.message).toBeUndefined();
    expect(SCHEMAS[service].safeParse(uncommented).error?.message).toBeUndefined();
  });

  test("sets what is required and nothing else", () => {
    expect(Object.keys(asShipped).sort()).toEqual(
      keys
        .filter((key) => key.isRequired)
        .map((key) => key.name)
        .sort(),
    );
  });

  test.each(keys.map((key) => [key.name, key] as const))("%s: its default, its meaning, its reload", (_, key) => {
    if (key.default !== undefined && key.defaultIs === undefined) expect(uncommented[key.name]).toEqual(key.default);
    const comment = comments(text).get(key.name) ?? "";
    expect(comment).toMatch(/[A-Z].*\.$/);
    expect(comment.includes("[reload]")).toBe(key.isReloadable);
    for (const choice of key.choices) expect(comment).toContain(choice);
  });
});
