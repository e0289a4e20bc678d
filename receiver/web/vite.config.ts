import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    // The built page carries other people's work; their licences go with it.
    license: { fileName: "licenses.md" },
    // The content security policy allows no inline script, and every browser here preloads modules.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1600, // the page of the API carries Swagger UI, the dashboard does not
    rolldownOptions: {
      input: ["index.html", "docs.html"],
      checks: { pluginTimings: false }, // a slow machine is nothing to warn about
    },
  },
  // A test that hangs fails; one on a busy machine does not.
  test: { include: ["tests/**/*.test.ts"], testTimeout: 60_000 },
});
