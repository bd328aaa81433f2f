import { release } from "node:os";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import type { Contender, System } from "./system.ts";

/** A system that the running kernel has in it: there is nothing to get. */
export function kernelSystem(name: string, about: string, on: (lab: Lab) => Omit<Contender, "name">): System {
  const version = `Linux ${release()}`;
  return {
    name,
    about,
    describe: async () => version,
    prepare: async () => ({ version, on: (lab) => ({ name, ...on(lab) }) }),
  };
}
