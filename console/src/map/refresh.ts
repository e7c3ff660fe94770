// Draws once for each frame of the screen, however many changes ask for it meanwhile.
import type { Soon } from "../state/soon";

export function perFrame(draw: () => void): Soon {
  let frame = 0;
  return {
    ask: () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    },
    stop: () => {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
