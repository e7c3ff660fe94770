// What the reader prefers: language and colours, remembered by the browser.
import { type Language, isLanguage, preferred, words } from "../i18n";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const LANGUAGE_KEY = "machi.language";
const THEME_KEY = "machi.theme";

export class Taste {
  language = $state<Language>("en");
  theme = $state<Theme>("system");
  words = $derived(words(this.language));

  constructor() {
    const language = recall(LANGUAGE_KEY);
    const theme = recall(THEME_KEY);
    this.language = isLanguage(language) ? language : preferred(navigator.languages);
    this.theme = THEMES.find((one) => one === theme) ?? "system";
  }

  speak(language: Language): void {
    this.language = language;
    remember(LANGUAGE_KEY, language);
  }

  wear(theme: Theme): void {
    this.theme = theme;
    remember(THEME_KEY, theme);
  }

  /** Tells the document, for screen readers, fonts and colours. */
  apply(root: HTMLElement): void {
    root.lang = this.language;
    root.dataset["theme"] = this.theme;
    document.title = this.words.title;
  }
}

/** A browser may refuse to remember; then the choice lasts as long as the page. */
function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
