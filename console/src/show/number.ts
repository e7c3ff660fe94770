// Numbers as people read them.
import { LongNumber } from "../api/number";

/** More decimals than these are shown as they were written. */
const MOST_DECIMALS = 12;

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
export function showValue(n: number | LongNumber, language: string): string {
  if (n instanceof LongNumber) return n.digits;
  const decimals = String(n).split(".")[1]?.length ?? 0;
  const isOdd = n !== 0 && (Math.abs(n) >= 1e15 || Math.abs(n) < 1e-6 || decimals > MOST_DECIMALS);
  return isOdd ? String(n) : new Intl.NumberFormat(language, { maximumFractionDigits: MOST_DECIMALS }).format(n);
}

/** A mean, with as many digits as tell it from another one. */
export function showMean(n: number, language: string): string {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: 4 }).format(n);
}
