import { stripTypeScriptTypes } from "node:module";

/**
 * What is published of a TypeScript module: the same text with blanks in place of types, so that a stack trace names
 * the lines of the source, and with the modules beside it under their published names. `@warren/…/x.ts` stays: the
 * export map of the package answers to it.
 */
export function publishedSource(text: string): string {
  return stripTypeScriptTypes(text)
    .replaceAll(/\b(from|import|import\(|new URL\()(\s*)"(\.[^"]*)\.ts"/g, '$1$2"$3.js"')
    .replaceAll(/[ \t]+$/gm, "");
}

/** Tests, what only they load, and declarations have no use in a package. */
export function isPublished(path: string): boolean {
  return path.endsWith(".ts") && !/(\.test|\.d)\.ts$|(^|\/)(testing|testdata)\//.test(path);
}
