import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { createJournal, labDirectory, listLabs, readJournal, record } from "./journal.ts";

const name = `wlj${process.pid.toString(36)}`;
afterEach(() => rmSync(labDirectory(name), { recursive: true, force: true }));

it("tells the owner first and then everything that was made, in order", () => {
  createJournal(name);
  record(name, { made: "netns", name: "x" });
  expect(readJournal(name)).toMatchObject([
    { made: "lab", owner: { pid: process.pid } },
    { made: "netns", name: "x" },
  ]);
  expect(listLabs()).toContain(name);
});

it("refuses a second lab of the same name", () => {
  createJournal(name);
  expect(() => createJournal(name)).toThrow(/exists already/);
});

it("reads what a crash in the middle of a line left", () => {
  createJournal(name);
  record(name, { made: "node", name: "n" });
  appendFileSync(join(labDirectory(name), "journal"), '{"made":"net');
  expect(readJournal(name)).toHaveLength(2);
});

it("has no entries for a lab that does not exist", () => {
  expect(readJournal("no-such-lab")).toEqual([]);
});
