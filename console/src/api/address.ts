// Addresses as the page may show them: whoever looks at the screen need not know the secrets in those.

const HIDDEN = "***";
/** A part of a path that is long, and holds a digit unless it is very long, is a token rather than a word, as in the
 * addresses of webhooks. */
const TOKEN = /^(?:(?=.*\d)[\w.~%+=-]{20,}|[\w.~%+=-]{40,})$/;

/** The address with `***` in place of user and password, of all values behind its question mark, and of tokens. */
export function shownAddress(address: string): string {
  const [, scheme = "", authority = "", path = "", query = "", fragment = ""] =
    /^([^:/?#]+:\/\/)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(address) ?? [];
  // The last @ parts the user from the host: a password may hold others.
  const host = authority.replace(/^.*@/s, `${HIDDEN}@`);
  const steps = path.split("/").map((step) => (TOKEN.test(step) ? HIDDEN : step));
  const values = query.replace(/=[^&;]*/g, `=${HIDDEN}`).replace(/^\?[^=]+$/, `?${HIDDEN}`);
  return scheme + host + steps.join("/") + values + (fragment ? `#${HIDDEN}` : "");
}
