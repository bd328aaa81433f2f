import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connectionsKcps } from "./connections-output.ts";

describe("what the client of short connections printed", () => {
  it("gives thousands of connections a second", () => {
    const text = readFileSync(new URL("../testdata/connections.json", import.meta.url), "utf8");
    expect(connectionsKcps(text)).toBeCloseTo(10.504, 3);
  });

  it("is a failed run when none came to its end", () => {
    expect(() => connectionsKcps('{"connections":0,"seconds":2.0}\n')).toThrowError(
      expect.objectContaining({ code: "tool-failed", message: expect.stringContaining("no connection") }),
    );
    expect(() => connectionsKcps("")).toThrowError(/printed nothing/);
  });
});
