//! A sentence for people, in English and, where somebody wrote it, in Japanese.

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

/// A text in one or two languages; English is always there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    en: Cow<'static, str>,
    ja: Option<Cow<'static, str>>,
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
    /// A text that exists in English alone.
    pub fn en(en: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), ja: None }
    }

    /// A text in English and Japanese.
    pub fn both(en: impl Into<Cow<'static, str>>, ja: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), ja: Some(ja.into()) }
    }

    /// The text in this language, or in English where it has none.
    pub fn in_language(&self, language: Language) -> &str {
        match (language, &self.ja) {
            (Language::Japanese, Some(ja)) => ja,
            _ => &self.en,
        }
    }

    /// Whether the text exists in this language.
    pub fn has(&self, language: Language) -> bool {
        language == Language::English || self.ja.is_some()
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

impl From<&'static str> for Text {
    fn from(en: &'static str) -> Self {
        Self::en(en)
    }
}

impl From<String> for Text {
    fn from(en: String) -> Self {
        Self::en(en)
    }
}
