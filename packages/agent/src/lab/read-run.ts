import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { z } from "zod";
import { figureOf } from "./figure.ts";
import { FORMAT, type LabKind, type LabRun } from "./run.ts";

const key = z.record(z.string(), z.union([z.string(), z.number()]));

/** Only what a comparison needs: stages, warnings and an earlier comparison stay in the file. */
const shape = z.object({
  kind: z.enum(["crypto", "mesh"]),
  started: z.iso.datetime(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    kernel: z.string(),
    node: z.string(),
    openssl: z.string(),
  }),
  settings: key,
  lines: z.array(
    z.object({
      key,
      figures: z.array(
        z.object({
          name: z.string(),
          unit: z.string(),
          kind: z.enum(["speed", "cost", "shown"]),
          samples: z.array(z.number()).max(1000),
        }),
      ),
    }),
  ),
});

/**
 * A run that `-o json` printed into a file. Only the samples are taken from it; medians and intervals follow from them.
 * @param wanted what it must be a run of
 * @throws WarrenError `usage`, naming what is wrong
 */
export function readRun(file: string, wanted: LabKind): LabRun {
  const wrong = (what: string, cause?: unknown) =>
    new WarrenError(
      "usage",
      `${file} is no run of \`warren bench ${wanted}\`: ${what}; make one with \`warren bench ${wanted} … -o json\``,
      { cause },
    );
  const content = contentOf(file, wrong);
  const { format, kind } = (content ?? {}) as { readonly format?: unknown; readonly kind?: unknown };
  if (format !== FORMAT) throw wrong(`its format is ${JSON.stringify(format) ?? "not given"}, expected "${FORMAT}"`);
  if (kind !== wanted) throw wrong(`it is one of \`warren bench ${String(kind)}\``);
  const result = shape.safeParse(content);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw wrong(`${path.join(".")}: ${message}`);
  }
  const lines = result.data.lines.map((line) => ({
    key: line.key,
    figures: line.figures.map(({ name, unit, kind: sort, samples }) => figureOf(name, unit, sort, samples)),
  }));
  return { format: FORMAT, ...result.data, lines, failures: [], warnings: [] };
}

function contentOf(file: string, wrong: (what: string, cause: unknown) => WarrenError): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw wrong((cause as Error).message, cause);
  }
}
