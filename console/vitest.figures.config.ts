// The figures of the map, for `make bench-map`: minutes of measuring before a real city, and no part of the tests.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/figures/**/*.figures.ts"],
    environment: "node",
    testTimeout: 7_200_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
