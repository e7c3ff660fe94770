// How the page is built: a script, those of the map and of charts beside it, a style sheet and one icon, all named by their
// content.
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { type Plugin, defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running city. */
const CITY = process.env["MACHI_URL"] ?? "http://127.0.0.1:8080";
const OF_THE_CITY = ["/ngsi-ld", "/machi", "/metrics", "/healthz", "/readyz", "/openapi.json"];

const LICENCES = "licences.md";
const TOKENS = "node_modules/@digital-go-jp/design-tokens";

/** Vite lists the licences of scripts alone; the design tokens are a style sheet, and ECharts asks for its notice. */
function furtherLicences(): Plugin {
  return {
    name: "further-licences",
    apply: "build",
    async writeBundle({ dir }) {
      const { name, version } = JSON.parse(await readFile(`${TOKENS}/package.json`, "utf8"));
      const text = await readFile(`${TOKENS}/LICENSE`, "utf8");
      await appendFile(join(dir ?? "dist", LICENCES), `\n## ${name} - ${version} (MIT)\n\n${text}`);
      const notice = await readFile("node_modules/echarts/NOTICE", "utf8");
      await appendFile(join(dir ?? "dist", LICENCES), `\n## Notice of echarts\n\n${notice}`);
    },
  };
}

/**
 * MapLibre finds out about WebP by a picture at a data: address as soon as it is loaded. The page's content security
 * policy forbids that and the browser would complain; the map has no pictures.
 */
function withoutPictureProbe(): Plugin {
  const probe = /"data:image\/webp;base64,[^"]*"/;
  return {
    name: "without-picture-probe",
    transform(code, id) {
      if (!id.includes("maplibre-gl-csp.js")) return null;
      if (!probe.test(code)) throw new Error("MapLibre no longer looks for WebP as it did: see vite.config.ts");
      return { code: code.replace(probe, '""'), map: null };
    },
  };
}

/** ECharts empties its place on the page by HTML, which the page's policy on trusted types forbids. */
function withoutHtml(): Plugin {
  const emptied = /\.innerHTML = '';/g;
  return {
    name: "without-html",
    transform(code, id) {
      if (!id.includes("zrender/lib/canvas/Painter.js")) return null;
      if (code.match(emptied)?.length !== 2) throw new Error("ECharts no longer empties its place as it did: see vite.config.ts");
      return { code: code.replace(emptied, ".replaceChildren();"), map: null };
    },
  };
}

export default defineConfig({
  plugins: [svelte(), furtherLicences(), withoutPictureProbe(), withoutHtml()],
  // Relative addresses: the page also works behind a proxy that puts it under a path.
  base: "./",
  build: {
    // A style sheet that comes with a part loaded later would be an error that nobody can catch, where the city is away then.
    cssCodeSplit: false,
    // The first browsers with light-dark(), all from the first half of 2024.
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    // The page's content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    // MapLibre is one piece; tests/browser/map.test.ts holds what all scripts come to.
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
    license: { fileName: LICENCES },
  },
  server: {
    proxy: Object.fromEntries(OF_THE_CITY.map((path) => [path, CITY])),
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
});
