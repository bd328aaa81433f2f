import { defineConfig } from "vitest/config";

/**
 * `unit` runs anywhere and in parallel; `mesh` is a whole cluster in one process; `meta` looks at the code itself;
 * `page` looks at the live page with a real browser;
 * `compose` needs a Docker engine that it can start; `netns` and `interop` need root, real kernels and real tools, and run one file after the other; scripts/test.ts runs them alone.
 */
const project = (name: string, include: string[], extra: object = {}) => ({
  test: { name, include, restoreMocks: true, testTimeout: 20_000, hookTimeout: 60_000, ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", [
        "packages/*/src/**/*.test.ts",
        "e2e/lab/**/*.test.ts",
        "bench/**/*.test.ts",
        "scripts/**/*.test.ts",
      ]),
      project("mesh", ["e2e/mesh/**/*.test.ts"]),
      project("meta", ["e2e/meta/**/*.test.ts"]),
      project("page", ["e2e/page/**/*.test.ts"], { fileParallelism: false }),
      project("compose", ["e2e/compose/**/*.test.ts"], { testTimeout: 180_000 }),
      project("netns", ["e2e/netns/**/*.test.ts", "e2e/{demo,hosts,interop,packages}/**/*.test.ts"], {
        fileParallelism: false,
        testTimeout: 120_000,
        hookTimeout: 180_000,
      }),
    ],
  },
});
