import { CIPHERS, SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { ENCAPSULATIONS } from "@warren/common/net/encapsulation.ts";
import { describe, expect, it } from "vitest";
import { changeSettings, checkTogether } from "./changeable-settings.ts";
import type { ClusterRecord } from "./keys.ts";

const cluster: ClusterRecord = {
  ...{ id: "c", caHash: "h", pools: ["10.244.0.0/16"], nodePrefix: 24, vni: 4096, port: 4789 },
  ...{ cipher: "none", createdMs: 0 },
};

describe("a change of the cluster's settings", () => {
  it("changes what it names and nothing else", () => {
    for (const encapsulation of ENCAPSULATIONS)
      expect(changeSettings(cluster, { encapsulation })).toEqual({ ...cluster, encapsulation });
    for (const cipher of CIPHERS) expect(changeSettings(cluster, { cipher })).toEqual({ ...cluster, cipher });
    expect(changeSettings(cluster, {})).toEqual(cluster);
  });

  it("is refused for a name or a value that there is not, with the one that was meant", () => {
    const change = (changes: Record<string, string>) => () => changeSettings(cluster, changes);
    expect(change({ encapsulatoin: "always" })).toThrow(/"encapsulatoin" is no setting .*did you mean "encapsulation"/);
    expect(change({ vni: "7" })).toThrow(/"vni" is no setting .*expected one of cipher, encapsulation/);
    expect(change({ constructor: "always" })).toThrow(/no setting/);
    expect(change({ encapsulation: "cross-subnets" })).toThrow(
      /cannot be "cross-subnets"; did you mean "cross-subnet"/,
    );
    expect(change({ cipher: "aes" })).toThrow(/cipher cannot be "aes"; .*aes-256-gcm/);
    expect(change({ encapsulation: "" })).toThrow(/expected one of always, cross-subnet, never/);
  });

  it("is refused whole: nothing of it counts when a part cannot be", () => {
    expect(() => changeSettings(cluster, { encapsulation: "never", vni: "7" })).toThrow(/vni/);
  });
});

describe("cipher and plain routes", () => {
  it("exclude each other, whichever comes second", () => {
    const sealed: ClusterRecord = { ...cluster, cipher: "aes-256-gcm" };
    for (const encapsulation of ["cross-subnet", "never"] as const) {
      expect(() => changeSettings(sealed, { encapsulation })).toThrow(/aes-256-gcm and encapsulation .* exclude/);
      for (const cipher of SEALING_CIPHERS) {
        expect(() => changeSettings({ ...cluster, encapsulation }, { cipher })).toThrow(/exclude each other/);
        expect(() => checkTogether({ cipher, encapsulation })).toThrow(/cipher=none with plain routes/);
      }
    }
  });

  it("are fine one without the other", () => {
    for (const encapsulation of ENCAPSULATIONS) checkTogether({ cipher: "none", encapsulation });
    checkTogether({ cipher: "aes-256-gcm", encapsulation: "always" });
    checkTogether({ cipher: "aes-256-gcm" });
  });
});
