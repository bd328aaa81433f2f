import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { z } from "zod";
import { evaluate } from "./evaluate.ts";
import { FORMAT, type Measured, type Report } from "./report.ts";
import { stageMeasurement } from "./stages-shape.ts";

const count = z.number().int().nonnegative();

const measured: z.ZodType<Measured> = z.object({
  name: z.string(),
  method: z.string(),
  systems: z.array(
    z.object({
      name: z.string(),
      role: z.enum(["own", "peer", "yardstick"]),
      version: z.string(),
      about: z.string(),
    }),
  ),
  references: z.array(z.string()),
  figures: z.array(
    z.object({ name: z.string(), about: z.string(), unit: z.string(), better: z.enum(["higher", "lower"]) }),
  ),
  samples: z.array(z.object({ system: z.string(), figure: z.string(), round: count, value: z.number() })),
  failures: z.array(z.object({ system: z.string(), work: z.string().nullable(), round: count, reason: z.string() })),
  stages: z.array(stageMeasurement).exactOptional(),
});

const shape = z.object({
  started: z.iso.datetime(),
  command: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: count,
    memoryGiB: z.number(),
    kernel: z.string(),
    node: z.string(),
    congestionControl: z.string(),
    tools: z.record(z.string(), z.string()),
    busyBefore: z.number(),
    stolen: z.number(),
    warnings: z.array(z.string()),
  }),
  suites: z.array(measured),
});

/**
 * A report that `--json` wrote. Only what was measured is taken from the file: medians, ratios and verdicts are worked
 * out again, so they follow from the samples and from the goals of today. Throws `usage`, naming what is wrong.
 */
export function readReport(file: string): Report {
  const wrong = (what: string, cause?: unknown) =>
    new WarrenError("usage", `${file} is no report that npm run bench -- … --json FILE wrote: ${what}`, { cause });
  const content = parse(readText(file), wrong);
  const { format } = (content ?? {}) as { readonly format?: unknown };
  if (format !== FORMAT)
    throw wrong(`its format is ${JSON.stringify(format) ?? "not given"}, expected "${FORMAT}"; measure again`);
  const result = shape.safeParse(content);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw wrong(`${path.join(".")}: ${message}`);
  }
  return { format: FORMAT, ...result.data, suites: result.data.suites.map(evaluate) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new WarrenError("usage", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parse(text: string, wrong: (what: string, cause: unknown) => WarrenError): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong((cause as Error).message, cause);
  }
}
