// The languages of the page, and which one a reader wants.
import { en } from "./en";
import { ja, type Words } from "./ja";

export type { Words };

export const LANGUAGES = ["ja", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** How each language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { ja: "日本語", en: "English" };

const WORDS: Record<Language, Words> = { ja, en };

export function words(language: Language): Words {
  return WORDS[language];
}

export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.some((language) => language === text);
}

/** The first of the reader's languages that the page speaks; English for everybody else. */
export function preferred(wanted: readonly string[]): Language {
  const primary = wanted.map((tag) => tag.toLowerCase().split("-")[0]);
  return primary.find(isLanguage) ?? "en";
}
