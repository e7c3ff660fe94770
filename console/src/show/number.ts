// Numbers as people read them.

/** A whole count, grouped: 12,345. */
export function showCount(n: number, language: string): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: 0 }).format(n);
}

/** A rate: one decimal while it is small. */
export function showRate(n: number, language: string): string {
  const digits = n > 0 && n < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);
}

/** A measured value, with the digits that it came with. */
export function showValue(n: number, language: string): string {
  const isOdd = n !== 0 && (Math.abs(n) >= 1e15 || Math.abs(n) < 1e-6);
  return isOdd ? String(n) : new Intl.NumberFormat(language, { maximumFractionDigits: 12 }).format(n);
}
