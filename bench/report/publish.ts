import { accessSync, constants as modes, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { BenchOptions } from "../options.ts";
import { renderReport } from "./html/page.ts";
import { jsonText } from "./json-text.ts";
import { renderMarkdown } from "./markdown/markdown.ts";
import type { Report } from "./report.ts";
import { renderText } from "./text/report-text.ts";

type Outputs = Pick<BenchOptions, "json" | "html" | "markdown">;

/** Told before anything is measured: a run of minutes must not end with nowhere to put it. Throws `usage`. */
export function checkOutputs({ json, html }: Outputs): void {
  for (const [flag, file] of [
    ["--json", json],
    ["--html", html],
  ] as const) {
    if (file === null || file === "-") continue;
    try {
      accessSync(dirname(file), modes.W_OK);
    } catch (cause) {
      throw new WarrenError("usage", `${flag} ${file}: its directory does not exist or may not be written`, { cause });
    }
  }
}

/** Writes the files that were asked for, and returns what belongs on standard output. */
export function publish(report: Report, { json, html, markdown }: Outputs): string {
  const text = `${jsonText(report)}\n`;
  if (json !== null && json !== "-") writeFileSync(json, text);
  if (html !== null) writeFileSync(html, renderReport(report));
  if (json === "-") return text;
  return markdown ? renderMarkdown(report) : renderText(report);
}
