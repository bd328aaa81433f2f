import { describe, expect, it } from "vitest";
import { parseOptions, pick } from "./options.ts";

const message = (...args: string[]): string => {
  try {
    parseOptions(args);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

describe("command line of the bench", () => {
  it("reads a suite with its options, as separate words or with an equals sign", () => {
    const expected = {
      action: "run",
      suites: ["path"],
      rounds: 9,
      seconds: 2,
      quick: true,
      mtus: [1500, 9000],
      only: ["tcp-1", "latency"],
      systems: ["warren"],
      json: "out.json",
      html: "out.html",
      markdown: true,
      report: null,
    };
    const words =
      "path --rounds 9 --seconds 2 --quick --mtu 1500,9000 --only tcp-1,latency --systems warren --json out.json --html out.html --markdown";
    expect(parseOptions(words.split(" "))).toEqual(expected);
    const joined =
      "--rounds=9 --seconds=2 --quick --mtu=1500,9000 --only=tcp-1,latency --systems=warren --json=out.json --html=out.html --markdown path";
    expect(parseOptions(joined.split(" "))).toEqual(expected);
  });

  it("leaves to the suite what was not given", () => {
    expect(parseOptions(["rest"])).toMatchObject({
      rounds: null,
      seconds: null,
      mtus: [1500],
      only: null,
      systems: null,
      json: null,
    });
    expect(parseOptions(["all"]).suites).toEqual(["path", "stages", "rest", "pod-add"]);
  });

  it("takes --json without a file as standard output", () => {
    expect(parseOptions(["path", "--json"]).json).toBe("-");
    expect(parseOptions(["path", "--json", "--quick"])).toMatchObject({ json: "-", quick: true });
    expect(parseOptions(["--json", "path"])).toMatchObject({ json: "-", suites: ["path"] });
  });

  it("reads the file of a report that is to be shown again", () => {
    expect(parseOptions(["report", "kept.json", "--html", "page.html"])).toMatchObject({
      action: "report",
      report: "kept.json",
      html: "page.html",
      suites: [],
    });
    expect(message("report")).toMatch(/^report needs the file that --json wrote/);
    expect(message("report", "kept.json", "path")).toMatch(/"path" is one suite too many/);
    expect(message("path", "report", "kept.json")).toMatch(/"report" is one suite too many/);
    expect(message("path", "--html", "--quick")).toMatch(/--html needs a file name/);
  });

  it("needs no suite for help and list", () => {
    expect(parseOptions(["--help"]).action).toBe("help");
    expect(parseOptions(["-h"]).action).toBe("help");
    expect(parseOptions(["--list"]).action).toBe("list");
  });

  it("says in one line what it does not understand", () => {
    expect(message("path", "--fast")).toBe("unknown option --fast; see npm run bench -- --help");
    expect(message("pathe")).toMatch(/^unknown suite "pathe": expected path, stages, rest, pod-add or all;/);
    expect(message("path", "rest")).toMatch(/"rest" is one suite too many/);
    expect(message("path", "--rounds", "0")).toMatch(/--rounds 0: expected a whole number from 1 to 1000/);
    expect(message("path", "--seconds", "1.5")).toMatch(/--seconds 1.5: expected a whole number/);
    expect(message("path", "--mtu", "1500,900")).toMatch(/--mtu 900: expected a whole number from 1280 to 9000/);
    expect(message("path", "--mtu", "jumbo")).toMatch(/--mtu jumbo: expected a whole number/);
    expect(message("path", "--rounds")).toMatch(/--rounds needs a number/);
    expect(message("path", "--only", "--quick")).toMatch(/--only needs names of works/);
    expect(message()).toMatch(/^name a suite/);
  });

  it("fails with the exit code of a usage error", () => {
    expect(() => parseOptions(["--fast"])).toThrowError(expect.objectContaining({ code: "usage", exitCode: 2 }));
  });
});

describe("choosing by name", () => {
  const items = [{ name: "a" }, { name: "b" }];

  it("keeps the order of the table, whatever the order of the names", () => {
    expect(pick("work", items, ["b", "a"])).toEqual(items);
    expect(pick("work", items, null)).toEqual(items);
  });

  it("names what is not there and what is", () => {
    expect(() => pick("work", items, ["c"])).toThrowError(/unknown work "c": expected a, b/);
  });
});
