// MapLibre as this page may run it: the build that makes no code at run time, and a worker from the page's own origin.
import maplibre from "maplibre-gl/dist/maplibre-gl-csp.js";
import worker from "maplibre-gl/dist/maplibre-gl-csp-worker.js?url";
import { GLYPHS, glyphs } from "./glyphs";

/** The page's policy lets nothing else name a script (https://www.w3.org/TR/trusted-types/). */
const POLICY = "machi-map-worker";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
}

let isReady = false;

/** MapLibre, made ready once; `family` are the fonts of its labels. */
export function readyMapLibre(family: string): typeof maplibre {
  if (isReady) return maplibre;
  isReady = true;
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const address = new URL(worker, import.meta.url).href;
  const trusted = trustedTypes?.createPolicy(POLICY, { createScriptURL: () => address }).createScriptURL(address);
  maplibre.setWorkerUrl((trusted ?? address) as string);
  maplibre.addProtocol(GLYPHS, async ({ url }) => ({ data: glyphs(url, family).slice().buffer }));
  return maplibre;
}

/** Whether this browser can draw a map at all. */
export function hasWebGl(): boolean {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
  // A browser has few of these to give.
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
