//! A sentence for people, in English and in Japanese.

use std::borrow::Cow;

/// A language in which we can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

/// A text in English and Japanese. There is none in one of them alone, so that nobody is told anything in a language
/// that was not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    en: Cow<'static, str>,
    ja: Cow<'static, str>,
}

/// A piece of a sentence that is known when the program is written, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// In English.
    pub en: &'static str,
    /// In Japanese.
    pub ja: &'static str,
}

impl From<(&'static str, &'static str)> for Phrase {
    /// English first, then Japanese.
    fn from((en, ja): (&'static str, &'static str)) -> Self {
        Self { en, ja }
    }
}

impl Language {
    /// Its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }
}

impl Text {
    /// A text in English and Japanese.
    pub fn both(en: impl Into<Cow<'static, str>>, ja: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }

    /// The text in this language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Japanese => &self.ja,
        }
    }
}

impl<E, J> From<(E, J)> for Text
where
    E: Into<Cow<'static, str>>,
    J: Into<Cow<'static, str>>,
{
    /// English first, then Japanese.
    fn from((en, ja): (E, J)) -> Self {
        Self::both(en, ja)
    }
}

impl From<Phrase> for Text {
    fn from(phrase: Phrase) -> Self {
        Self::both(phrase.en, phrase.ja)
    }
}
