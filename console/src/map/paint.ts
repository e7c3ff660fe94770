// The colours of the page as the map's canvas needs them.
import { coloursOf } from "../look/colour";
import type { Paint } from "./style";

/** Colours of the map as they are now under `root`. */
export function paintOf(root: HTMLElement): Paint {
  const colours = coloursOf(root);
  const names = ["page", "key"];
  return (tint) => colours(names.includes(tint) ? `--${tint}` : `--map-${tint}`);
}

const SIDE = 24;

/** An arrow to the north, to be coloured and turned by the map. */
export function arrow(): ImageData | null {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!pen) return null;
  pen.canvas.width = SIDE;
  pen.canvas.height = SIDE;
  pen.beginPath();
  for (const [x, y] of [[12, 2], [20, 21], [12, 16], [4, 21]] as const) pen.lineTo(x, y);
  pen.fill();
  return pen.getImageData(0, 0, SIDE, SIDE);
}
