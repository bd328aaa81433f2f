import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WarrenError } from "../errors/warren-error.ts";
import { formatToken, parseToken } from "./join-token.ts";

const token = { caHash: "ab".repeat(32), id: "k3v9q1xz0a", secret: "0123456789abcdefghij_-" };

describe("join token", () => {
  it("reads back what it formats", () => {
    expect(parseToken(formatToken(token))).toEqual(token);
  });

  it("may be pasted with white space around it", () => {
    expect(parseToken(`  ${formatToken(token)}\n`)).toEqual(token);
  });

  it.each([
    ["", "an empty text"],
    ["hello", "in 1 part"],
    ["wrn2.aa.bb.cc", "in 4 parts"],
    [`wrn1.${"AB".repeat(32)}.${token.id}.${token.secret}`, "in 4 parts"],
    [`wrn1.${token.caHash}.${token.id}.short`, "in 4 parts"],
    [`wrn1.${token.caHash}.${token.id}.${token.secret}.more`, "in 5 parts"],
  ])("refuses %j", (text, said) => {
    expect(() => parseToken(text)).toThrow(expect.objectContaining({ code: "token-malformed" }));
    expect(() => parseToken(text)).toThrow(said);
  });

  it("never throws anything but token-malformed, and never repeats the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constant(formatToken(token)).chain((t) => fc.nat(t.length).map((n) => t.slice(0, n))),
        ),
        (text) => {
          try {
            parseToken(text);
          } catch (error) {
            expect(error).toBeInstanceOf(WarrenError);
            expect((error as WarrenError).code).toBe("token-malformed");
            if (text.length > 40) expect((error as WarrenError).message).not.toContain(text.slice(20));
          }
        },
      ),
    );
  });
});
