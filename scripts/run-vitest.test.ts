import { expect, test } from "vitest";
import { addCounts, countLine, countTests } from "./run-vitest.ts";

const REPORT = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ status: "passed", assertionResults: [{}] }],
};

test("skipped and planned tests are skipped", () => {
  expect(countTests(REPORT, 0)).toEqual({ passed: 5, failed: 0, skipped: 3 });
});

test("a file that cannot be loaded is a failure, although none of its tests failed", () => {
  const broken = { ...REPORT, testResults: [...REPORT.testResults, { status: "failed", assertionResults: [] }] };
  expect(countTests(broken, 1).failed).toBe(1);
});

test("an error outside of any test is a failure, because the exit code says so", () => {
  expect(countTests(REPORT, 1).failed).toBe(1);
  expect(countTests({ ...REPORT, numFailedTests: 3 }, 1).failed).toBe(3);
});

test("the last line has the form that CI reads", () => {
  const sum = addCounts({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 3 });
  expect(countLine(sum)).toBe("3 passed, 1 failed, 3 skipped");
});
