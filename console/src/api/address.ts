// Addresses as the page may show them: whoever looks at the screen need not know the passwords in those.

/** The address with `***` in place of a password, where it has one. */
export function withoutPassword(address: string): string {
  return address.replace(/^([^:/?#]*:\/\/[^:/?#@]*):[^/?#]*@/, "$1:***@");
}
