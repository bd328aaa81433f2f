import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalReply, type Route } from "@warren/common/api/route.ts";

/** Where the build of the page puts its files: beside this package, in the repository and where both are installed. */
export const PAGE_DIR = fileURLToPath(new URL("../../../dashboard/dist/", import.meta.url));

/**
 * Heads of every answer on an address where the page is. The browser runs and loads what this server sent as a file, and
 * nothing else; it shows the page in no frame of another, and tells no other site where it was.
 */
export const PAGE_HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

const NOT_BUILT = `The page is not built. In a clone of the repository, build it with

    npm run page

and start the control plane again. What the page shows is at /v1/mesh.
`;

/**
 * The files of the page, read now: a request is looked up among their paths, so that none leads to another file. The
 * build names what is in `assets` by its content, which a browser may keep for ever; it asks again for the rest.
 */
export function pageFiles(dir: string): Route[] {
  const files = filesOf(dir).map((path): Route => {
    const cache = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    const reply = new LocalReply(200, type, readFileSync(join(dir, path)), { "cache-control": cache });
    return { method: "GET", path: path === "/index.html" ? "/" : path, handle: () => reply };
  });
  if (files.some(({ path }) => path === "/")) return files;
  const missing = new LocalReply(404, "text/plain; charset=utf-8", NOT_BUILT);
  return [{ method: "GET", path: "/", handle: () => missing }];
}

/** A route takes other names for patterns. */
const PLAIN_PATH = /^(\/[\w-][\w.-]*)+$/;

/** Their paths with a slash in front; none where there is no such directory. What is no plain file is not served. */
function filesOf(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `/${relative(dir, join(entry.parentPath, entry.name))}`)
      .filter((path) => PLAIN_PATH.test(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
