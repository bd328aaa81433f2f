const LINE = 120;

/** JSON with every object and list that fits into one line in one line, so that kept samples are read, and compared, one by one. */
export function jsonText(value: unknown, indent = ""): string {
  const flat = oneLine(value);
  if (typeof value !== "object" || value === null || indent.length + flat.length <= LINE) return flat;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((item) => jsonText(item, deeper))
    : entriesOf(value).map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item, deeper)}`);
  return `${open}\n${parts.map((part) => deeper + part).join(",\n")}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const parts = entriesOf(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`);
  return parts.length > 0 ? `{ ${parts.join(", ")} }` : "{}";
}

const entriesOf = (value: object) => Object.entries(value).filter(([, item]) => item !== undefined);
