import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

/** An app at GitHub, so that tests in workerd have people who signed in; nothing asks GitHub with it. */
const SIGN_IN = { GITHUB_CLIENT_ID: "Ov23example", GITHUB_CLIENT_SECRET: "a-secret-of-the-app" };

export default defineConfig({
  test: {
    maxWorkers: 4, // more than there are cores: wire tests mostly wait
    projects: [
      {
        // Inside workerd: each part by itself, against real storage.
        logLevel: "error", // the SDK's source maps name files that it does not ship
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { bindings: SIGN_IN } })],
        test: { name: "unit", include: ["test/card.test.ts", "test/unit/**/*.test.ts"], testTimeout: 30_000 }
      },
      {
        // In Node: the real Worker over HTTP, with the clients and the upstreams that others wrote. Files share what they import: to load
        // it and to build a Worker takes longer than most of their tests, and each starts servers of its own.
        test: {
          name: "wire",
          isolate: false,
          include: ["test/documents.test.ts", "test/wire/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000
        }
      }
    ]
  }
});
