import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Report } from "../report.ts";
import { renderMarkdown } from "./markdown.ts";

const SECTION = /(<!-- figures of (\S+) -->\n)[\s\S]*?(<!-- end of figures -->)/;

/**
 * The document, a page of docs/, with its figures written anew, from the file that its marker names:
 *
 *     <!-- figures of bench/data/NAME.json -->
 *     …
 *     <!-- end of figures -->
 */
export function rewriteFigures(document: string, read: (file: string) => Report): string {
  const [, start, file, end] = SECTION.exec(document) ?? [];
  if (file === undefined)
    throw new WarrenError("not-found", "no <!-- figures of FILE --> … <!-- end of figures --> in the document");
  const source = `Every sample of these figures is in [${file}](../${file}).`;
  const section = `${start}\n${source}\n\n${renderMarkdown(read(file))}\n${end}`;
  // By a function: `$` in a text of the report means itself.
  return document.replace(SECTION, () => section);
}
