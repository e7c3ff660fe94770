// Units of measure: UN/CEFACT common codes (Recommendation 20) as the signs that people write.
import type { Language } from "../i18n";

const SIGNS: Record<string, string> = {
  "2N": "dB",
  "4K": "mA",
  "59": "ppm",
  "61": "ppb",
  A97: "hPa",
  AMP: "A",
  ANN: "a",
  BAR: "bar",
  C26: "ms",
  C62: "",
  CDL: "cd",
  CEL: "°C",
  CMQ: "cm³",
  CMT: "cm",
  D33: "T",
  DAY: "d",
  DD: "°",
  FAH: "°F",
  GP: "mg/m³",
  GQ: "µg/m³",
  GRM: "g",
  HAR: "ha",
  HTZ: "Hz",
  HUR: "h",
  JOU: "J",
  KEL: "K",
  KGM: "kg",
  KHZ: "kHz",
  KMH: "km/h",
  KMK: "km²",
  KMT: "km",
  KPA: "kPa",
  KVT: "kV",
  KWH: "kWh",
  KWT: "kW",
  LTR: "L",
  LUM: "lm",
  LUX: "lx",
  MAW: "MW",
  MBR: "mbar",
  MIN: "min",
  MLT: "mL",
  MMQ: "mm³",
  MMT: "mm",
  MQH: "m³/h",
  MQS: "m³/s",
  MTK: "m²",
  MTQ: "m³",
  MTR: "m",
  MTS: "m/s",
  MWH: "MWh",
  NEW: "N",
  OHM: "Ω",
  P1: "%",
  PAL: "Pa",
  SEC: "s",
  TNE: "t",
  VLT: "V",
  WHR: "Wh",
  WTT: "W",
};

/** What Japanese writes as a word, right behind the number. */
const JAPANESE: Record<string, string> = { ANN: "年", DAY: "日", HUR: "時間", MIN: "分", SEC: "秒" };

/** The sign of a unit; a code without one is shown as it is. */
export function unitSign(code: string, language: Language): string {
  return (language === "ja" ? JAPANESE[code] : undefined) ?? SIGNS[code] ?? code;
}

/** A number with its unit. */
export function withUnit(number: string, code: string, language: Language): string {
  const isWord = language === "ja" && code in JAPANESE;
  return `${number}${isWord ? "" : " "}${unitSign(code, language)}`.trimEnd();
}
