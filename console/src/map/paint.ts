// The colours of the page as the map's canvas needs them.
import type { Paint } from "./style";

/** Colours as they are now under `root`; one that the style sheet does not know is that of text. */
export function paintOf(root: HTMLElement): Paint {
  const probe = document.createElement("span");
  probe.hidden = true;
  root.append(probe);
  const known = new Map<string, string>();
  const names = ["page", "key"];
  return (tint) => {
    const colour = known.get(tint) ?? read(probe, names.includes(tint) ? `--${tint}` : `--map-${tint}`);
    known.set(tint, colour);
    return colour;
  };
}

function read(probe: HTMLElement, variable: string): string {
  probe.style.color = `var(${variable})`;
  return getComputedStyle(probe).color;
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
