import { describe, expect, it } from "vitest";
import type { Figure } from "../works/work.ts";
import { peersAhead } from "./ahead.ts";
import { roleOf } from "./roles.ts";
import { summarise } from "./summary.ts";

const names = ["kernel-vxlan", "warren", "nebula", "boringtun"];
const systems = names.map((name) => ({ name, role: roleOf(name), version: "", about: "" }));

function ahead(better: Figure["better"], values: readonly number[]) {
  const samples = names.map((system, index) => ({ system, figure: "f", round: 0, value: values[index]! }));
  const figures = [{ name: "f", about: "", unit: "", better }];
  return peersAhead(summarise({ figures, systems: names, references: ["nebula", "boringtun"], samples })[0]!, systems);
}

describe("peers that are ahead", () => {
  it("names a faster one with its lead, in the direction that is better", () => {
    expect(ahead("higher", [99, 10, 5, 13])).toEqual(["boringtun is ahead of warren: 1.30×"]);
    expect(ahead("lower", [1, 10, 5, 13])).toEqual(["nebula is ahead of warren: 2.00×"]);
  });

  it("is silent where none is", () => {
    expect(ahead("higher", [99, 10, 10, 9])).toEqual([]);
  });
});
