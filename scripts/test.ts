/**
 * `npm test [-- FILTER…]`: every test there is. Tests on real kernels need root and are counted as skipped without it.
 * A run without filters also repeats the unit suites on the next Node.js. The last line is the count.
 */
import { type RunResult, tryRun } from "../packages/common/src/runtime/run.ts";
import { buildPage } from "./build-page.ts";
import { ensureHostTools, installPackages } from "./host-tools.ts";
import { addCounts, countLine, countListed, runVitest, type TestCounts } from "./run-vitest.ts";

const NEXT_NODE = `node-linux-${process.arch === "arm64" ? "arm64" : "x64"}@26.9.0`;

const args = process.argv.slice(2);
const isRoot = process.getuid?.() === 0;
let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };

// A filter may leave a part without tests.
const filter = args.length === 0 ? [] : ["--passWithNoTests", ...args];
count(await runVitest({ projects: ["unit", "mesh", "meta"], args: filter }));
if (args.length === 0) count(await testOnNextNode());
count(await testInBrowser());
count(await testOnRealKernels());
count(await testCompose());

if (counts.passed + counts.failed + counts.skipped === 0) {
  console.log(`no test matches ${args.join(" ")}`);
  count({ passed: 0, failed: 1, skipped: 0 });
}
console.log(countLine(counts));
process.exit(counts.failed > 0 ? 1 : 0);

function count(more: TestCounts): void {
  counts = addCounts(counts, more);
}

/** The tests say themselves what they skip where there is no browser; apt may not have one either. */
async function testInBrowser(): Promise<TestCounts> {
  await buildPage();
  await ensureHostTools(["chromium"]).catch((error: Error) => console.log(error.message));
  return runVitest({ projects: ["page"], args: filter });
}

/** Alone: they share one machine's network, and some of them measure. */
async function testOnRealKernels(): Promise<TestCounts> {
  if (!isRoot) {
    const skipped = await countListed("netns", args);
    console.log(`skipped: ${skipped} tests on real kernels need root; run: sudo npm test`);
    return { passed: 0, failed: 0, skipped };
  }
  await ensureHostTools([
    ...(["ip", "nft", "ping", "iperf3", "nsenter", "tc"] as const),
    ...(["iptables", "sysctl", "tcpdump", "tshark", "ethtool", "debootstrap", "systemd-nspawn"] as const),
  ]);
  return runVitest({ projects: ["netns"], args: filter });
}

/** The tests say themselves what they skip where no Docker engine starts; apt may not have one either. */
async function testCompose(): Promise<TestCounts> {
  if (!isRoot) {
    const skipped = await countListed("compose", args);
    console.log(`skipped: ${skipped} tests of the compose demo need root; run: sudo npm test`);
    return { passed: 0, failed: 0, skipped };
  }
  for (const tool of ["dockerd", "docker-compose", "debootstrap"] as const)
    await ensureHostTools([tool]).catch((error: Error) => console.log(error.message));
  return runVitest({ projects: ["compose"], args: filter });
}

async function testOnNextNode(): Promise<TestCounts> {
  const node = await fetchNextNode();
  if (node === undefined) {
    const skipped = await countListed("unit", []);
    console.log(
      `skipped: ${skipped} unit tests on ${NEXT_NODE}; the npm registry does not answer, or it does not start`,
    );
    // Where it is a condition of a merge it must not vanish silently.
    return process.env["CI"] ? { passed: 0, failed: 1, skipped } : { passed: 0, failed: 0, skipped };
  }
  console.log(`\nunit suites on ${NEXT_NODE}`);
  return runVitest({ projects: ["unit"], node });
}

/** Path of the binary, from npx's cache or the registry; undefined when neither has it. */
async function fetchNextNode(): Promise<string | undefined> {
  let result = await askNextNode();
  // Its binary wants a library that a small Debian lacks.
  if (isRoot && result?.stderr.includes("libatomic.so.1")) {
    await installPackages(["libatomic1"], NEXT_NODE);
    result = await askNextNode();
  }
  return result?.code === 0 ? result.stdout.trim() : undefined;
}

function askNextNode(): Promise<RunResult | undefined> {
  return tryRun("npx", ["--yes", "--prefer-offline", "-p", NEXT_NODE, "node", "-p", "process.execPath"], {
    timeoutMs: 300_000,
    env: { ...process.env, npm_config_fetch_retries: "1", npm_config_fetch_retry_mintimeout: "1000" },
  }).catch(() => undefined);
}
