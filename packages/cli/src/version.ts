import manifest from "../package.json" with { type: "json" };

/** Version of Warren; all packages share it. */
export const VERSION = manifest.version;
