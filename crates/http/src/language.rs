//! The language in which a client wants to read errors (RFC 9110 §12.5.4).

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use machi_types::Language;

/// The language that `Accept-Language` asks for; English where it asks for neither of ours.
pub fn language_of(headers: &HeaderMap) -> Language {
    match headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) {
        Some(value) => wanted(value),
        None => Language::English,
    }
}

/// The language that a value of the header asks for.
pub(crate) fn wanted(value: &str) -> Language {
    let (mut english, mut japanese, mut any) = (None, None, None);
    let mut names_english = false;
    for (place, range) in value.split(',').enumerate() {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let primary = tag.split('-').next().unwrap_or_default();
        let wish = Wish { quality: quality(parts), place };
        match primary.to_ascii_lowercase().as_str() {
            "ja" => japanese = best(japanese, wish),
            "en" => {
                names_english = true;
                english = best(english, wish);
            }
            "*" => any = best(any, wish),
            _ => {}
        }
    }
    // RFC 9110 §12.5.4, RFC 4647 §2.1: "*" is any language that is not named, and what we speak unasked is English.
    let english = if names_english { english } else { any };
    match (japanese, english) {
        (Some(japanese), Some(english)) if japanese.beats(&english) => Language::Japanese,
        (Some(_), None) => Language::Japanese,
        _ => Language::English,
    }
}

/// How much a language is wanted: by weight, then by the place in the list.
#[derive(Clone, Copy)]
struct Wish {
    quality: u16,
    place: usize,
}

impl Wish {
    fn beats(&self, other: &Self) -> bool {
        self.quality > other.quality || (self.quality == other.quality && self.place < other.place)
    }
}

fn best(known: Option<Wish>, new: Wish) -> Option<Wish> {
    if new.quality == 0 {
        return known;
    }
    match known {
        Some(known) if !new.beats(&known) => Some(known),
        _ => Some(new),
    }
}

/// The `q` parameter in thousandths; 1000 where there is none, or one that is no weight (RFC 9110 §12.4.2): what cannot
/// be understood neither raises nor lowers a wish.
pub(crate) fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    for parameter in parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("q") {
            return match value.trim().parse::<f32>() {
                Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0) as u16,
                _ => 1000,
            };
        }
    }
    1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightiest_of_our_languages_wins() {
        for (value, expected) in [
            ("ja", Language::Japanese),
            ("ja-JP,en;q=0.8", Language::Japanese),
            ("en-US,ja;q=0.9", Language::English),
            ("en;q=0.5, ja;q=0.7", Language::Japanese),
            ("fr, JA;q=0.1", Language::Japanese),
            ("ja;q=0, en;q=0.1", Language::English),
            ("ja;q=0", Language::English),
            ("ja;q=x", Language::Japanese),
            ("ja;q=x, en", Language::Japanese),
            ("ja;q=2, en;q=0.9", Language::Japanese),
            ("fr", Language::English),
            ("*", Language::English),
            ("*;q=0.9, ja;q=0.1", Language::English),
            ("ja;q=0.1, *;q=0.9", Language::English),
            ("ja, *;q=0.5", Language::Japanese),
            ("ja;q=0.5, *;q=0.5", Language::Japanese),
            ("*;q=0, ja;q=0.1", Language::Japanese),
            ("en;q=0.1, *, ja;q=0.5", Language::Japanese),
            ("en;q=0, *, ja;q=0.1", Language::Japanese),
            ("", Language::English),
            (";;,,=", Language::English),
        ] {
            assert_eq!(wanted(value), expected, "{value}");
        }
    }
}
