import { expect, test } from "vitest";
import { formatAge, formatBytes, formatCount, formatUntil } from "./human.ts";
import { paint, paintState, wantsColor } from "./paint.ts";
import { formatProperties, formatTable } from "./table.ts";

test("ages and deadlines are relative to now", () => {
  const now = Date.parse("2026-11-21T10:00:00Z");
  expect(formatAge("2026-11-21T09:59:18Z", now)).toBe("42s");
  expect(formatAge(null, now)).toBe("-");
  expect(formatUntil("2026-11-21T10:30:00Z", now)).toBe("30m");
  expect(formatUntil("2026-11-21T09:59:59Z", now)).toBe("past");
});

test("sizes are binary units, counts have thousands separated", () => {
  expect([0, 512, 1536, 10 * 1024, 5 * 2 ** 30].map(formatBytes)).toEqual([
    "0 B",
    "512 B",
    "1.5 KiB",
    "10 KiB",
    "5.0 GiB",
  ]);
  expect([0, 999, 1000, 1_234_567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

const COLUMNS = [
  { header: "NAME", cell: (row: string[]) => row[0]! },
  { header: "STATE", cell: (row: string[]) => row[1]! },
  { header: "ID", cell: (row: string[]) => row[2]!, wide: true },
];

test("columns line up, an empty cell is a dash, wide columns are left out", () => {
  const rows = [
    ["a", "ready", "1"],
    ["long-name", "", "2"],
  ];
  expect(formatTable(COLUMNS, rows, false)).toBe("NAME        STATE\na           ready\nlong-name   -\n");
  expect(formatTable(COLUMNS, rows, true)).toBe(
    "NAME        STATE   ID\na           ready   1\nlong-name   -       2\n",
  );
});

test("colour takes no room", () => {
  const painted = [
    ["a", paint("ready", "green", true), "1"],
    ["b", "down", "2"],
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences
  const plain = formatTable(COLUMNS, painted, true).replace(/\u001b\[\d+m/g, "");
  expect(plain).toBe("NAME   STATE   ID\na      ready   1\nb      down    2\n");
});

test("properties line up, and values of several lines are indented", () => {
  expect(
    formatProperties([
      ["Node", "a"],
      ["Pod CIDRs", "x\ny"],
    ]),
  ).toBe("Node:      a\nPod CIDRs: x\n           y\n");
});

test("colour is only for terminals, and can be refused three ways", () => {
  expect(wantsColor({}, true, true)).toBe(true);
  expect(wantsColor({}, false, true)).toBe(false);
  expect(wantsColor({}, true, false)).toBe(false);
  expect(wantsColor({ NO_COLOR: "1" }, true, true)).toBe(false);
  expect(wantsColor({ TERM: "dumb" }, true, true)).toBe(false);
  expect(paintState("ready", true)).toContain("\u001b[32m");
  expect(paintState("not ready", true)).not.toContain("\u001b[32m");
  expect(paintState("down", false)).toBe("down");
});
