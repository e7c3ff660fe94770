// Whether texts stand out from what is behind them (WCAG 2.2, 1.4.3: 4.5 to 1, large texts 3 to 1).
import type { Page } from "playwright-core";

/** The texts that do not, each with its ratio. */
export async function contrastFaults(page: Page): Promise<string[]> {
  // What has just arrived is highlighted for a moment.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finish())));
  return page.evaluate(() => {
    type Colour = [number, number, number, number];
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

    function colourOf(text: string): Colour {
      if (!context) return [0, 0, 0, 0];
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = text;
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha / 255];
    }

    function behind(element: Element | null): Colour {
      for (let one = element; one; one = one.parentElement) {
        const colour = colourOf(getComputedStyle(one).backgroundColor);
        if (colour[3] > 0.99) return colour;
      }
      return [255, 255, 255, 1];
    }

    function luminance([red, green, blue]: Colour): number {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((channel) => {
        const share = channel / 255;
        return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    const faults: string[] = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      const text = texts.currentNode.textContent?.trim();
      if (!element || !text || !element.checkVisibility() || element.closest("noscript, option, [inert]")) continue;
      const style = getComputedStyle(element);
      const [light, dark] = [luminance(colourOf(style.color)), luminance(behind(element))].sort((a, b) => b - a);
      const ratio = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
    }
    return faults;
  });
}
