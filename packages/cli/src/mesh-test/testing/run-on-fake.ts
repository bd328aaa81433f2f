import type { Extent } from "../mesh-test.ts";
import { MESH_TESTS } from "../mesh-tests.ts";
import { pacedMesh } from "../paced-mesh.ts";
import type { MeshTestReport, TestResult } from "../result.ts";
import { type RunOptions, runTests } from "../run-tests.ts";
import { TEST_NAMES, type TestName } from "../test-names.ts";
import type { FakeMesh } from "./fake-mesh.ts";

const EXTENT: Extent = { podsPerNode: 3, pairs: 2500 };

/** Runs tests on a fake mesh, all of them when none is named. */
export function runOnFake(
  mesh: FakeMesh,
  names: readonly TestName[] = TEST_NAMES,
  options: Partial<RunOptions> = {},
): Promise<MeshTestReport> {
  return runTests({
    mesh: pacedMesh(mesh, mesh.clock),
    tests: names.map((name) => MESH_TESTS[name]),
    extent: EXTENT,
    version: "0.1.0",
    timeoutMs: 600_000,
    clock: mesh.clock,
    signal: new AbortController().signal,
    onProgress: () => {},
    onResult: () => {},
    ...options,
  });
}

export async function runOneOnFake(mesh: FakeMesh, name: TestName, extent: Partial<Extent> = {}): Promise<TestResult> {
  const report = await runOnFake(mesh, [name], { extent: { ...EXTENT, ...extent } });
  return report.tests[0]!;
}
