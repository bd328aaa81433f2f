/**
 * Whether each word of the filter is in one of the texts, in any case. An empty filter lets everything through.
 */
export function matches(filter: string, texts: readonly string[]): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));
}
