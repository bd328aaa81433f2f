import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StateFile } from "./state-file.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-state-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function make(format = "things/1"): StateFile<unknown> {
  return new StateFile({ path: join(dir, "things.json"), format, what: "things", wayOut: "restore it from a copy" });
}

describe("state file", () => {
  it("gives back what was written, and null before", () => {
    const file = make();
    expect(file.read()).toBeNull();
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        file.write(value);
        expect(make().read()).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 30 },
    );
  });

  it("is readable by its owner only, also over a leftover that was not", () => {
    writeFileSync(join(dir, "things.json.new"), "left by a killed process", { mode: 0o666 });
    make().write({ secret: 1 });
    expect(statSync(join(dir, "things.json")).mode & 0o777).toBe(0o600);
  });

  it("refuses a secret that others can read, and nothing but a secret", () => {
    const path = join(dir, "things.json");
    const options = { path, format: "things/1", what: "the things", wayOut: "remove it" };
    const secret = new StateFile({ ...options, secret: { holds: "a key", remedy: "make another" } });
    expect(secret.read()).toBeNull();
    secret.write({ key: 1 });
    expect(secret.read()).toEqual({ key: 1 });
    for (const mode of [0o640, 0o604, 0o660, 0o601]) {
      chmodSync(path, mode);
      expect(() => secret.read()).toThrow(expect.objectContaining({ code: "key-exposed" }));
      expect(() => secret.read()).toThrow(new RegExp(`a key .*0${mode.toString(8)}.*chmod 600 ${path}.*make another`));
      expect(new StateFile(options).read()).toEqual({ key: 1 });
    }
    chmodSync(path, 0o400);
    expect(secret.read()).toEqual({ key: 1 });
  });

  it("refuses any damage with the way out, and leaves the file as it is", () => {
    make().write({ next: "10.244.1.7", pods: ["web", "db"] });
    const path = join(dir, "things.json");
    const good = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(good.length - 2), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Buffer.from(good);
        bad[at] = bad[at]! ^ flip;
        writeFileSync(path, bad);
        // A flipped byte may hit white space; then the content is still the content.
        try {
          expect(make().read()).toEqual({ next: "10.244.1.7", pods: ["web", "db"] });
        } catch (error) {
          expect(error).toMatchObject({
            code: "state-corrupt",
            message: expect.stringContaining("restore it from a copy"),
          });
        }
        expect(readFileSync(path)).toEqual(bad);
      }),
    );
  });

  it("refuses a cut file, an empty file and one of another format", () => {
    make().write([1, 2, 3]);
    const path = join(dir, "things.json");
    const good = readFileSync(path);
    for (let length = 0; length < good.length - 1; length++) {
      writeFileSync(path, good.subarray(0, length));
      expect(() => make().read()).toThrow(expect.objectContaining({ code: "state-corrupt" }));
    }
    writeFileSync(path, good);
    expect(() => make("things/2").read()).toThrow(/its format is "things\/1", expected "things\/2"/);
  });
});
