import { expect, test } from "vitest";
import { isSealed } from "./cipher.ts";
import { ENCAPSULATIONS, encapsulationOf } from "./encapsulation.ts";

test("a cluster without a cipher uses the mode that it was told", () => {
  for (const encapsulation of ENCAPSULATIONS) {
    expect(encapsulationOf({ cipher: "none", encapsulation })).toBe(encapsulation);
    expect(encapsulationOf({ cipher: "", encapsulation })).toBe(encapsulation);
  }
});

test("a sealed cluster encapsulates everything, whatever it was told", () => {
  for (const cipher of ["aes-256-gcm", "chacha20-poly1305", "a cipher of next year"])
    for (const encapsulation of ENCAPSULATIONS) {
      expect(isSealed(cipher)).toBe(true);
      expect(encapsulationOf({ cipher, encapsulation })).toBe("always");
    }
});

test("a mode that is not known, or none, as from an older control plane, is the safe one", () => {
  for (const encapsulation of ["", "sometimes", "Never"])
    expect(encapsulationOf({ cipher: "none", encapsulation })).toBe("always");
  expect(encapsulationOf({ cipher: "none" })).toBe("always");
});
