/** How the front end is built, and served while one works on it. What is built is the same, byte for byte, wherever it is built. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = process.env['PARLEY_URL'] ?? 'http://127.0.0.1:4000';

/** Its paths are those below `web/`. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: 'es2023',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    // A tag in the page would need another word in its policy; every browser that is supported has preloading.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { '/api': { target: api, ws: true } } },
});
