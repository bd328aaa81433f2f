import { expect, test } from "vitest";
import { z } from "zod";
import { configKeys } from "./config-keys.ts";

const schema = z.object({
  control: z.string().transform((text) => text),
  listen: z.string().default("0.0.0.0:7443").describe("Where agents connect"),
  "pod-cidr": z.array(z.string()).default(["10.244.0.0/16"]),
  vni: z.number().default(4096),
  masquerade: z.boolean().default(false),
  cipher: z.enum(["none", "aes-256-gcm"]).optional(),
  name: z
    .string()
    .default(() => "ada")
    .meta({ defaultIs: "the name of the host" }),
  "log-level": z.enum(["info", "debug"]).default("info").describe("Least level").meta({ reloadable: true }),
});

test("a key is described as its schema has it, through defaults, optionals and transforms", () => {
  const keys = configKeys(schema);
  expect(keys.map((key) => [key.name, key.kind, key.default, key.isRequired])).toEqual([
    ["control", "other", undefined, true],
    ["listen", "other", "0.0.0.0:7443", false],
    ["pod-cidr", "array", ["10.244.0.0/16"], false],
    ["vni", "number", 4096, false],
    ["masquerade", "boolean", false, false],
    ["cipher", "other", undefined, false],
    ["name", "other", "ada", false],
    ["log-level", "other", "info", false],
  ]);
  const find = (name: string) => keys.find((key) => key.name === name)!;
  expect(find("cipher").choices).toEqual(["none", "aes-256-gcm"]);
  expect(find("listen")).toMatchObject({ description: "Where agents connect", choices: [], isReloadable: false });
  expect(find("name").defaultIs).toBe("the name of the host");
  expect(find("log-level")).toMatchObject({
    description: "Least level",
    isReloadable: true,
    choices: ["info", "debug"],
  });
});
