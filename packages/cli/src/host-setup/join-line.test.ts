import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatJoinLine, readJoinLine } from "./join-line.ts";

const TOKEN = `wrn1.${"0a".repeat(32)}.abcdefgh12.${"s".repeat(24)}`;

test.each(["192.0.2.1:7443", "[fd00::1]:7443", "control.example:7443"])(
  "a line with %s is read as it was made",
  (control) => {
    const line = formatJoinLine({ token: TOKEN, control });
    expect(readJoinLine(line.split(" ").at(-1)!, undefined, {})).toEqual({ token: TOKEN, control });
  },
);

test("the token may be in a file or in the environment instead", () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-token-"));
  try {
    const file = join(dir, "token");
    writeFileSync(file, `${TOKEN}\n`);
    expect(readJoinLine("192.0.2.1:7443", file, {}).token).toBe(TOKEN);
    expect(readJoinLine("192.0.2.1:7443", undefined, { WARREN_TOKEN: TOKEN }).token).toBe(TOKEN);
    expect(() => readJoinLine("192.0.2.1:7443", join(dir, "none"), {})).toThrow("cannot be read");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("what is no join line is refused without repeating a secret", () => {
  expect(() => readJoinLine("192.0.2.1:7443", undefined, {})).toThrow("expected TOKEN@HOST:PORT");
  expect(() => readJoinLine(`${TOKEN}@192.0.2.1`, undefined, {})).toThrow("is not an endpoint");
  const wrong = () => readJoinLine("wrn1.secret@192.0.2.1:7443", undefined, {});
  expect(wrong).toThrow("not a join token");
  expect(wrong).not.toThrow("secret@");
});
