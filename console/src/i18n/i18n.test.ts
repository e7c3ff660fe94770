// Both languages say the same things.
import { describe, expect, it } from "vitest";
import { en } from "./en";
import { ja } from "./ja";
import { isLanguage, preferred, words } from "./index";

const keys = Object.keys(ja) as (keyof typeof ja)[];

describe("words", () => {
  it("have the same keys and the same arguments in both languages", () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort());
    for (const key of keys) {
      const [inJapanese, inEnglish] = [ja[key], en[key]];
      expect(typeof inEnglish, key).toBe(typeof inJapanese);
      if (typeof inJapanese === "function" && typeof inEnglish === "function") {
        expect(inEnglish.length, key).toBe(inJapanese.length);
      }
    }
  });

  it("are never empty, and carry what they are given", () => {
    for (const language of [ja, en]) {
      for (const key of keys) {
        const word = language[key];
        const text = typeof word === "function" ? (word as (...all: string[]) => string)("7", "9") : word;
        expect(text.trim(), key).not.toBe("");
        if (typeof word === "function") expect(text, key).toMatch(/[79]/);
      }
    }
  });

  it("hold no full-width digits or letters, and no pictures", () => {
    for (const key of keys) {
      for (const word of [ja[key], en[key]]) {
        const text = typeof word === "function" ? (word as (...all: string[]) => string)("7", "9") : word;
        expect(text, key).not.toMatch(/[０-９Ａ-Ｚａ-ｚ]|\p{Extended_Pictographic}/u);
      }
    }
  });

  it("count in English", () => {
    expect(en.resultCount("1")).toBe("1 entity");
    expect(en.resultCount("2")).toBe("2 entities");
  });
});

describe("the language", () => {
  it("is the first that the page speaks", () => {
    expect(preferred(["fr-FR", "ja-JP", "en"])).toBe("ja");
    expect(preferred(["en-GB", "ja"])).toBe("en");
    expect(preferred(["de"])).toBe("en");
    expect(preferred([])).toBe("en");
  });

  it("is one of ours", () => {
    expect(isLanguage("ja")).toBe(true);
    expect(isLanguage("fr")).toBe(false);
    expect(words("ja")).toBe(ja);
  });
});
