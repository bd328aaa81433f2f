/** Text that is markup already. Only `html` makes it, so a plain string can never be taken for it. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | readonly Html[] | null;

/** Markup from a template. Strings and numbers that are put in are text: they are escaped; null leaves nothing. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const [first = "", ...rest] = template;
  return { markup: first + rest.map((text, index) => `${toMarkup(parts[index] ?? null)}${text}`).join("") };
}

function toMarkup(part: Part): string {
  if (part === null) return "";
  if (typeof part === "string" || typeof part === "number") return escapeText(String(part));
  return "markup" in part ? part.markup : part.map(({ markup }) => markup).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For element content and for attribute values in quotes. */
function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
