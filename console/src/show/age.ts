// How long ago something was, and when exactly.
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
];

/** Such as "3 minutes ago"; empty where the time cannot be read. */
export function showAge(time: string, now: number, language: string): string {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return "";
  let amount = (at - now) / 1000;
  // Zero seconds are "now"; everything else is counted ("1 day ago", not "yesterday").
  const numeric = Math.trunc(amount) === 0 ? "auto" : "always";
  const format = new Intl.RelativeTimeFormat(language, { numeric, style: "short" });
  for (const [unit, next] of STEPS) {
    const whole = Math.trunc(amount);
    if (Math.abs(whole) < next) return spaced(format.format(whole, unit), language);
    amount /= next;
  }
  return spaced(format.format(Math.trunc(amount), "year"), language);
}

/** Date and time to the second, in the reader's time zone. */
export function showMoment(time: string, language: string): string {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return time;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(at);
}

/** Intl puts a space between number and unit, which Japanese does not. */
function spaced(text: string, language: string): string {
  return language === "ja" ? text.replaceAll(" ", "") : text;
}
