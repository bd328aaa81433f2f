import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cleanFileMappings } from "./process-memory.ts";

const SMAPS = `0074a000-03044000 r-xp 0034a000 fe:00 10039762                           /usr/bin/node
Rss:               33424 kB
Anonymous:             0 kB
03201000-06b51000 r--p 02e01000 fe:00 10039762                           /usr/bin/node
Anonymous:             4 kB
13cea000-14898000 rw-p 00000000 00:00 0                                  [heap]
Anonymous:             0 kB
7f8214000000-7f82147a9000 r--p 00000000 00:00 0 
Anonymous:             0 kB
7f826ea44000-7f826eb9a000 r-xp 00026000 fe:00 326269                     /usr/lib/libc.so.6
Anonymous:             0 kB
7f826eb99000-7f826eb9a000 r--p 0017b000 fe:00 326269                     /usr/lib/libc.so.6
Anonymous:             0 kB
Swap:                 16 kB
7f826eb9a000-7f826eb9b000 r--s 00026000 fe:00 326270                     /run/shared
Anonymous:             0 kB
`;

describe("giving memory back", () => {
  it("takes read-only private file mappings that nothing was written to, not even one now in swap", () => {
    expect(cleanFileMappings(SMAPS)).toEqual([
      { start: 0x0074a000, end: 0x03044000 },
      { start: 0x7f826ea44000, end: 0x7f826eb9a000 },
    ]);
  });

  it("finds the text of the running program", () => {
    expect(cleanFileMappings(readFileSync("/proc/self/smaps", "utf8")).length).toBeGreaterThan(0);
  });
});
