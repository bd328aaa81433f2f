import { defaultSource } from "@warren/common/runtime/route-source.ts";

/** The address that others most likely reach this host by: that of its default route; null where it has none. */
export async function defaultAddress(): Promise<string | null> {
  for (const family of [4, 6] as const) {
    const source = await defaultSource(family).catch(() => null);
    if (source !== null) return source;
  }
  return null;
}
