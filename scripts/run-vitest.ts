import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface VitestOptions {
  readonly projects: readonly string[];
  /** Words for vitest: file filters and its own flags. */
  readonly args?: readonly string[];
  /** The Node.js to run it with; default this one. */
  readonly node?: string;
}

const VITEST = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The parts of vitest's JSON report that are read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Runs vitest with its usual output on this terminal, and returns what it counted. */
export async function runVitest(options: VitestOptions): Promise<TestCounts> {
  const report = join(tmpdir(), `warren-vitest-${process.pid}-${Date.now()}.json`);
  const code = await vitest(options, ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
  try {
    return countTests(JSON.parse(readFileSync(report, "utf8")) as Report, code);
  } catch {
    // No report: vitest could not even begin.
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(report, { force: true });
  }
}

/**
 * What counts as a failure beside failed tests: a file that could not be loaded (it has no tests to fail), and an error
 * outside of any test, which only the exit code tells.
 */
export function countTests(report: Report, exitCode: number): TestCounts {
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const failed = report.numFailedTests + broken.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** How many tests a project has, without running them. */
export async function countListed(project: string, args: readonly string[]): Promise<number> {
  const list = join(tmpdir(), `warren-vitest-list-${process.pid}.json`);
  await vitest({ projects: [project], args }, ["list", `--json=${list}`]);
  try {
    return (JSON.parse(readFileSync(list, "utf8")) as unknown[]).length;
  } catch {
    return 0;
  } finally {
    rmSync(list, { force: true });
  }
}

function vitest(options: VitestOptions, command: readonly string[]): Promise<number> {
  const args = [
    VITEST,
    ...command,
    ...options.projects.flatMap((name) => ["--project", name]),
    ...(options.args ?? []),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(options.node ?? process.execPath, args, { cwd: ROOT, stdio: "inherit" });
    // Ctrl-C reaches vitest from the terminal; it cleans up, and this process waits for it.
    const ignore = () => {};
    const forward = () => void child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", forward);
    child.on("error", reject);
    child.on("close", (code) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
      resolve(code ?? 1);
    });
  });
}

/** The last line of a test run. */
export function countLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
