// The browser tests: the built page in a real Chromium.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    environment: "node",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A shared machine may be slow; how long things take is not what these tests are about.
    expect: { poll: { timeout: 15_000 } },
    // One browser at a time: each costs hundreds of megabytes.
    fileParallelism: false,
  },
});
