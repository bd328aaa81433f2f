import { kernelVxlan } from "./kernel-vxlan.ts";
import { rawVeth } from "./raw-veth.ts";
import type { System } from "./system.ts";
import { warren } from "./warren.ts";

/** Every system there is, in the order of the tables. */
export const ALL_SYSTEMS: readonly System[] = [rawVeth, kernelVxlan, warren];

/** Ratios are to this one. */
export const REFERENCE = kernelVxlan.name;
