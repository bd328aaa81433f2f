/** A program for the crash test: runs a control plane until it is killed; prints where it listens. */
import { writeSync } from "node:fs";
import { createControl } from "../control-app.ts";
import { controlConfigSchema } from "../control-config.ts";

const control = createControl(controlConfigSchema.parse(JSON.parse(process.argv[2]!)));
await control.start();
writeSync(1, `${control.address}\n`);
