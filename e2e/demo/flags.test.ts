import { describe, expect, it } from "vitest";
import { parseFlags } from "./flags.ts";

describe("the flags of the demo", () => {
  it("have defaults", () => {
    expect(parseFlags([])).toMatchObject({
      nodes: 3,
      pods: 2,
      cipher: "none",
      keep: false,
      down: false,
      json: false,
      help: false,
      name: "demo",
    });
  });

  it("are read", () => {
    expect(parseFlags(["--nodes", "5", "--pods=1", "--cipher", "aes-256-gcm", "--keep", "--json"])).toMatchObject({
      nodes: 5,
      pods: 1,
      cipher: "aes-256-gcm",
      keep: true,
      json: true,
    });
  });

  it.each([
    [["--nodes", "0"], /--nodes 0: expected a whole number from 1 to 64/],
    [["--nodes", "65"], /1 to 64/],
    [["--pods", "two"], /--pods two/],
    [["--pods", "1.5"], /--pods 1.5/],
    [["--cipher", "aes-256"], /--cipher aes-256: .*aes-256-gcm/],
    [["--down", "--cipher", "none"], /--down/],
    [["--nodes"], /--nodes/],
    [["--nope"], /--nope.*expected --nodes N/],
    [["extra"], /extra.*expected --nodes N/],
    [["--down", "--keep"], /--down/],
    [["--name", "Not/This"], /--name Not\/This/],
  ])("%j are refused in one line", (args, message) => {
    let thrown: { code?: string; exitCode?: number; message: string } | undefined;
    try {
      parseFlags(args);
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown).toMatchObject({ code: "usage", exitCode: 2, message: expect.stringMatching(message) });
    expect(thrown?.message).not.toContain("\n");
  });
});
