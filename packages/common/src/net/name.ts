import { WarrenError } from "../errors/warren-error.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/**
 * Returns the name when it may name a node, a pod or a namespace. Names become parts of file names, namespace names and
 * DNS names, so what is let through here is safe in all three: no slash, no leading dot or dash, at most 63 characters.
 *
 * @param what Whose name it is, for the message: "node", "pod".
 * @throws WarrenError `name-invalid`
 */
export function checkName(text: string, what: string): string {
  if (NAME.test(text)) return text;
  const expected = "expected 1 to 63 of a-z, 0-9, dot, dash, underscore, the first a letter or digit";
  throw new WarrenError("name-invalid", `${JSON.stringify(text)} is not a ${what} name: ${expected}`);
}
