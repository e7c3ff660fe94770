// Names as they fit a screen: an IRI that no @context shortens is shown by its last part.
export function shortName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(name)) return name;
  const isUrl = name.includes("://");
  const cut = Math.max(name.lastIndexOf("#"), isUrl ? name.lastIndexOf("/") : name.lastIndexOf(":"));
  return name.slice(cut + 1) || name;
}
