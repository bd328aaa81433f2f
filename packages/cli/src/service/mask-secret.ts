/** Keys whose values are never printed. */
const SECRETS = new Set(["token"]);

/** The value of a configuration key as it may be shown. */
export function maskSecret(key: string, value: unknown): unknown {
  return SECRETS.has(key) && value !== undefined ? "(secret)" : value;
}
