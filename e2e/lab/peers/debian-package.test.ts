import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { aptCandidate } from "./debian-package.ts";

describe("what apt-cache policy printed", () => {
  it("names the version that apt would install", () => {
    const recorded = readFileSync(new URL("./testdata/apt-cache-policy-nebula.txt", import.meta.url), "utf8");
    expect(aptCandidate(recorded)).toBe("1.6.1+dfsg-3+b4");
  });

  it("names none for a package that there is not, or that cannot be installed", () => {
    expect(aptCandidate("")).toBeNull();
    expect(aptCandidate("nebula:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n")).toBeNull();
  });
});
