import { defineConfig } from 'vite';

/** Builds the service worker beside the web application: one classic script, since not all browsers take modules there. */
export default defineConfig({
  root: 'studio',
  publicDir: false,
  build: {
    outDir: '../dist/studio',
    emptyOutDir: false,
    rolldownOptions: {
      input: 'studio/service-worker.ts',
      // The service worker's address must not change from build to build.
      output: { format: 'iife', entryFileNames: 'service-worker.js', codeSplitting: false },
    },
  },
});
