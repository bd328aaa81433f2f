import { cpus, release } from "node:os";
import type { LabMachine } from "./run.ts";

/** Where the figures come from: they mean nothing without it. */
export function describeMachine(): LabMachine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: cpus().length,
    kernel: release(),
    node: process.versions.node,
    openssl: process.versions.openssl ?? "none",
  };
}
