// Colours of the style sheet as a canvas needs them.

/** Gives colours by the names of their variables, as they are now under `root`; one that the style sheet does not know is that
 * of text. */
export function coloursOf(root: HTMLElement): (variable: string) => string {
  const known = new Map<string, string>();
  return (variable) => {
    const colour = known.get(variable) ?? read(root, variable);
    known.set(variable, colour);
    return colour;
  };
}

function read(root: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(${variable})`;
  root.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
