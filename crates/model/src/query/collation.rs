//! How texts are ordered: by the root collation of ICU, or by one that a request names as in RFC 6067 (§4.23.1, §4.23.3).

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, LazyLock};

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, MaxVariable, Strength};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;

/// An order of texts.
#[derive(Clone)]
pub struct Collation {
    tag: Box<str>,
    collator: Arc<CollatorBorrowed<'static>>,
}

/// Why a text names no collation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "collation: \"{0}\" names no collation; one is a language tag, perhaps with the extension u that refines the order, \
     such as und-x-icu, ja, de-u-co-phonebk or und-u-ks-level2"
)]
pub struct InvalidCollation(String);

static ROOT: LazyLock<Collation> =
    LazyLock::new(|| Collation::parse("und").expect("the tables of the root collation are compiled in"));

impl Collation {
    /// The root collation, which is no language's own.
    pub fn root() -> Self {
        ROOT.clone()
    }

    /// The tag that names it.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The collation of a tag.
    pub fn parse(tag: &str) -> Result<Self, InvalidCollation> {
        let fault = || InvalidCollation(tag.chars().take(60).collect());
        let locale = Locale::try_from_str(tag).map_err(|_| fault())?;
        let options = options_of(&locale).ok_or_else(fault)?;
        let collator = CollatorBorrowed::try_new(CollatorPreferences::from(&locale), options).map_err(|_| fault())?;
        Ok(Self { tag: tag.into(), collator: Arc::new(collator) })
    }

    /// Which of two texts comes first.
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        self.collator.compare(a, b)
    }
}

/// What the keywords of the extension say beside those that are preferences (co, kf, kn).
fn options_of(locale: &Locale) -> Option<CollatorOptions> {
    let mut options = CollatorOptions::default();
    for (key, value) in locale.extensions.unicode.keywords.iter() {
        let value = value.to_string();
        match (key.as_str(), value.as_str()) {
            ("ks", "level1") => options.strength = Some(Strength::Primary),
            ("ks", "level2") => options.strength = Some(Strength::Secondary),
            ("ks", "level3") => options.strength = Some(Strength::Tertiary),
            ("ks", "level4") => options.strength = Some(Strength::Quaternary),
            ("ks", "identic") => options.strength = Some(Strength::Identical),
            ("ka", "noignore") => options.alternate_handling = Some(AlternateHandling::NonIgnorable),
            ("ka", "shifted") => options.alternate_handling = Some(AlternateHandling::Shifted),
            ("kc", "" | "true") => options.case_level = Some(CaseLevel::On),
            ("kc", "false") => options.case_level = Some(CaseLevel::Off),
            ("kv", "space") => options.max_variable = Some(MaxVariable::Space),
            ("kv", "punct") => options.max_variable = Some(MaxVariable::Punctuation),
            ("kv", "symbol") => options.max_variable = Some(MaxVariable::Symbol),
            ("kv", "currency") => options.max_variable = Some(MaxVariable::Currency),
            ("ks" | "ka" | "kc" | "kv", _) => return None,
            _ => {}
        }
    }
    Some(options)
}

impl fmt::Debug for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collation").field(&self.tag).finish()
    }
}

impl PartialEq for Collation {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

impl Default for Collation {
    fn default() -> Self {
        Self::root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_collation_is_the_one_of_icu() {
        let root = Collation::root();
        let words = ["", "_a", "-a", "1", "apple", "Banana", "cherry", "Cherry", "éclair", "zoo", "あさ", "街"];
        assert!(words.is_sorted_by(|a, b| root.compare(a, b).is_lt()));
    }

    #[test]
    fn a_collation_is_chosen_by_its_tag() {
        let compare = |tag: &str, a: &str, b: &str| Collation::parse(tag).unwrap().compare(a, b);
        assert_eq!(compare("und-x-icu", "a", "B"), Ordering::Less);
        // Phone books take ä for ae, dictionaries for a.
        assert_eq!(compare("de-u-co-phonebk", "Ärzte", "Af"), Ordering::Less);
        assert_eq!(compare("de", "Ärzte", "Af"), Ordering::Greater);
        assert_eq!(compare("und-u-ks-level2", "sato", "SATO"), Ordering::Equal);
        assert_eq!(compare("und-u-ks-identic", "sato", "SATO"), Ordering::Less);
        assert_eq!(compare("und-u-kn", "a10", "a9"), Ordering::Greater);
    }

    #[test]
    fn what_names_no_collation_is_refused() {
        for tag in ["", "not a collation!", "x y", "und-u-ks-level9", "-", "街", "und-u-kv-x"] {
            assert!(Collation::parse(tag).is_err(), "{tag}");
        }
    }
}
