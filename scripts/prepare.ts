/**
 * The part of the bootstrap that runs under the pinned Node: builds the packet kernels and the live page, and imports
 * every command once (the services with them), so that the compile cache holds them stripped of types before the first one is timed.
 */
import { flushCompileCache } from "node:module";
import { COMMANDS } from "../packages/cli/src/command-tree.ts";
import { buildKernels } from "./build-kernels.ts";
import { buildPage } from "./build-page.ts";

await Promise.all([buildKernels(), buildPage()]);
// A module that cannot be loaded is told by the command that needs it; all others must stay usable.
await Promise.allSettled(COMMANDS.map(async (command) => command.load?.()));
flushCompileCache();
// What was imported may hold a handle open; nothing here is worth waiting for.
process.exit(0);
