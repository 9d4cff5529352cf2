import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Builds the web application in studio/ into dist/studio, where the server finds it. */
export default defineConfig({
  root: 'studio',
  plugins: [react()],
  build: {
    outDir: '../dist/studio',
    emptyOutDir: true,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:3000',
      '/db': 'http://127.0.0.1:3000',
      '/live': 'http://127.0.0.1:3000',
    },
  },
});
