// The Link header (RFC 8288), as far as paging needs it.

/** The target of `rel="next"`, relative to the city; null on the last page. */
export function nextLink(header: string | null, asked: string): string | null {
  for (const [, target, parameters] of (header ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[^,;"]+(?:"[^"]*")?)*)/g)) {
    const isNext = /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?![\w-]))/i.test(parameters ?? "");
    if (isNext && target !== undefined) return relative(target, asked);
  }
  return null;
}

/** A server behind a proxy may not know its own address, so only the query of the target counts. */
function relative(target: string, asked: string): string {
  const path = asked.split("?")[0] ?? "";
  const query = target.split("?").slice(1).join("?");
  return query ? `${path}?${query}` : path;
}
