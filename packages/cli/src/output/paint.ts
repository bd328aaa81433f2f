const CODES = { green: 32, yellow: 33, red: 31, dim: 2 } as const;

/** The text in a colour, or as it is when colour is off. */
export function paint(text: string, color: keyof typeof CODES, on: boolean): string {
  return on ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text;
}

/** A state as a word in the colour users expect: good is green, bad is red, the rest plain. */
export function paintState(state: string, on: boolean): string {
  if (/^(ready|running|valid|connected|yes|ok|pass)\b/.test(state)) return paint(state, "green", on);
  if (/^(down|exited|revoked|expired|disconnected|no|fail)\b/.test(state)) return paint(state, "red", on);
  return state;
}

/** Colour is for people: never into a pipe, never when `NO_COLOR` has a value or `--no-color` was given. */
export function wantsColor(env: NodeJS.ProcessEnv, isTerminal: boolean, flag: boolean): boolean {
  return flag && isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}
