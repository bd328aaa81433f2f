import { expect, test } from "vitest";
import { cipherName, compareNames, formatRate, formatReportAge, formatRoundTrip } from "./text.ts";

test("rates have the unit that leaves three digits", () => {
  const cases: [number | null, string][] = [
    [null, "–"],
    [0, "0 bit/s"],
    [999, "999 bit/s"],
    [999.6, "1.00 kbit/s"],
    [12_345_678, "12.3 Mbit/s"],
    [999_600_000, "1.00 Gbit/s"],
    [9.87e9, "9.87 Gbit/s"],
    [4e15, "4000 Tbit/s"],
  ];
  for (const [rate, text] of cases) expect(formatRate(rate)).toBe(text);
});

test("round trips are in µs below one millisecond", () => {
  const cases: [number, string][] = [
    [0.0382, "38.0 µs"],
    [0.38, "380 µs"],
    [0.9996, "1.00 ms"],
    [12.34, "12.3 ms"],
    [999.7, "1.00 s"],
  ];
  for (const [ms, text] of cases) expect(formatRoundTrip(ms)).toBe(text);
});

test("a report of the last two seconds is as new as any", () => {
  expect([null, 0, 1999, 2000, 130_000].map(formatReportAge)).toEqual(["–", "now", "now", "2s ago", "2m ago"]);
});

test("names are ordered as people count", () => {
  expect(["host-10", "host-9", "10.0.0.9", "10.0.0.10"].sort(compareNames)).toEqual([
    ...["10.0.0.9", "10.0.0.10", "host-9", "host-10"],
  ]);
});

test("a cipher of a later version is named as it stands", () => {
  expect([cipherName("aes-256-gcm"), cipherName("aegis-256")]).toEqual(["AES-256-GCM", "aegis-256"]);
});
