import { expect, test } from "vitest";
import { BORDERS, crossings } from "./layers.ts";
import { importsOf, sourceFiles } from "./source-files.ts";

test("no file imports across a border of the architecture", () => {
  expect(crossings(sourceFiles())).toEqual([]);
});

test.each([
  ["packages/common/src/net/x.ts", 'import { hostname } from "node:os";'],
  ["packages/common/src/config/x.ts", 'import type { Agent } from "@warren/agent/app/agent-app.ts";'],
  ["packages/agent/src/pods/x.ts", 'import { createControl } from "@warren/control/app/control-app.ts";'],
  ["packages/control/src/mesh/x.ts", 'export { createAgent } from "../../../agent/src/app/agent-app.ts";'],
  ["packages/agent/src/dataplane/x.ts", 'import { readFileSync } from "node:fs";'],
  ["packages/agent/src/secure/x.ts", 'import { createSocket } from "node:dgram";'],
  ["packages/agent/src/route/x.ts", 'const { x } = await import("../dataplane/egress.ts");'],
  ["packages/agent/src/control-client/x.ts", 'import {\n  ip,\n  bridge,\n} from "../platform/linux/ip.ts";'],
  ["packages/agent/src/dataplane-host/x.ts", 'import "../app/agent-app.ts";'],
  ["packages/cli/src/commands/x.ts", 'import { PodSet } from "@warren/agent/pods/pod-set.ts";'],
  ["packages/agent/src/lab/x.ts", 'import { PodSet } from "../pods/pod-set.ts";'],
  ["packages/agent/src/app/x.ts", 'import { matrix } from "../lab/crypto/matrix.ts";'],
  ["packages/dashboard/src/view/x.tsx", 'import { parseAddress } from "@warren/common/net/address.ts";'],
  ["packages/dashboard/src/model/x.ts", 'import { h } from "preact";'],
  ["packages/control/src/mesh/y.ts", 'import { test } from "vitest";'],
  ["e2e/netns/x.test.ts", 'import { createAgent } from "@warren/agent/app/agent-app.ts";'],
])("a violation planted in %s is found", (path, text) => {
  expect(crossings([{ path, text, imports: importsOf(path, text) }])).toHaveLength(1);
});

test("what is allowed is not reported: adapters, tests, and words that only look like imports", () => {
  const files = [
    ["packages/agent/src/pods/linux-pod-network.ts", 'import { ip } from "../platform/linux/ip.ts";'],
    ["packages/common/src/net/address.test.ts", 'import { test } from "vitest";\nimport fs from "node:fs";'],
    ["packages/agent/src/dataplane/egress.ts", '/* import x from "node:fs" */\n// import "node:os"\nconst a = 1;'],
  ] as const;
  expect(crossings(files.map(([path, text]) => ({ path, text, imports: importsOf(path, text) })))).toEqual([]);
});

test("every border guards files that exist, so that a renamed folder does not disarm it", () => {
  const paths = sourceFiles().map((file) => file.path);
  const idle = BORDERS.filter((border) => !paths.some((path) => border.from.test(path)));
  expect(idle.map((border) => String(border.from))).toEqual([]);
});
