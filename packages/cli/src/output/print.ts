export const OUTPUT_FORMATS = ["table", "wide", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/**
 * The text of a result. JSON and YAML are the API's own shapes, so that scripts can rely on them; `table` and `wide`
 * are for people and come from `text`.
 */
export async function printValue(
  format: OutputFormat,
  value: unknown,
  text: (wide: boolean) => string,
): Promise<string> {
  if (format === "json") return `${JSON.stringify(value, null, 2)}\n`;
  if (format === "yaml") {
    // Loaded only here: it is the largest module a short command could pull in.
    const { stringify } = await import("yaml");
    return stringify(value);
  }
  return text(format === "wide");
}
