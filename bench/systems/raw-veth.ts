import { release } from "node:os";
import type { System } from "./system.ts";

/** The underlay itself: what there is to share out. */
export const rawVeth: System = {
  name: "raw-veth",
  about: "the underlay, without an overlay",
  version: async () => `Linux ${release()}`,
  on: (lab) => ({
    name: rawVeth.name,
    setUp: async () => ({ client: lab.host(1), server: lab.host(2), serverAddress: lab.host(2).underlay }),
    tearDown: async () => {},
  }),
};
