import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// base "./" keeps every asset URL relative, so the bundle also works behind a reverse proxy's prefix.
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { outDir: "../app/web_dist", emptyOutDir: true, chunkSizeWarningLimit: 700 },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8188", ws: true } } },
});
