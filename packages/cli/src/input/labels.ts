import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** `key=value` texts as an object; what may stand in a key or a value is the agent's to check. */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 1) throw new WarrenError("usage", `--label: expected key=value such as app=web, got "${text}"`);
    const key = text.slice(0, at);
    if (labels.has(key)) throw new WarrenError("usage", `--label: ${key} is given twice`);
    labels.set(key, text.slice(at + 1));
  }
  return Object.fromEntries(labels);
}
