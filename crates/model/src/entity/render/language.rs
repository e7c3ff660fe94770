//! Which text of a `languageMap` a reader wants (ETSI GS CIM 009 §4.15, RFC 9110 §12.5.4, RFC 4647).

use machi_types::Json;
use machi_types::json::Members;

/// Language ranges with their weights, as in the parameter `lang`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages {
    /// The wanted ranges, best first.
    wanted: Vec<String>,
    /// The ranges with weight 0.
    refused: Vec<String>,
}

/// A text that is no list of language ranges.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no language range; a list looks like fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5")]
pub struct InvalidLanguages(pub String);

impl Languages {
    /// Reads a list of ranges such as `fr-CH,fr;q=0.9,*;q=0.5`.
    pub fn parse(text: &str) -> Result<Self, InvalidLanguages> {
        let mut ranges = Vec::new();
        for item in text.trim().trim_matches('"').split(',') {
            let item = item.trim();
            let fault = || InvalidLanguages(item.chars().take(60).collect());
            let (range, weight) = match item.split_once(';') {
                Some((range, weight)) => (range.trim(), weight_of(weight.trim()).ok_or_else(fault)?),
                None => (item, 1000),
            };
            if !is_range(range) {
                return Err(fault());
            }
            ranges.push((range.to_owned(), weight));
        }
        ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let (wanted, refused): (Vec<_>, Vec<_>) = ranges.into_iter().partition(|(_, weight)| *weight > 0);
        let texts = |ranges: Vec<(String, u16)>| ranges.into_iter().map(|(range, _)| range).collect();
        Ok(Self { wanted: texts(wanted), refused: texts(refused) })
    }

    /// The best text of a map; §4.15: any, where none of the wanted languages is there.
    pub fn choose<'m, 'a>(&self, map: &'m Members<'a>) -> Option<(&'m str, &'m Json<'a>)> {
        let place = self.place(&map.iter().map(|(tag, _)| &**tag))?;
        map.get(place).map(|(tag, text)| (&**tag, text))
    }

    /// The place of the best text among those of these languages.
    pub fn place<'m>(&self, tags: &(impl Iterator<Item = &'m str> + Clone)) -> Option<usize> {
        for range in &self.wanted {
            let found = if range == "*" { self.any(tags.clone()) } else { lookup(range, tags) };
            if found.is_some() {
                return found;
            }
        }
        self.any(tags.clone()).or_else(|| tags.clone().next().map(|_| 0))
    }

    /// The default text, or the first that is not refused.
    fn any<'m>(&self, mut tags: impl Iterator<Item = &'m str> + Clone) -> Option<usize> {
        let is_refused = |tag: &str| self.refused.iter().any(|range| range != "*" && is_within(tag, range));
        tags.clone().position(|tag| tag == "@none").or_else(|| tags.position(|tag| !is_refused(tag)))
    }
}

/// The text for a range: the same tag, one more special, or, cutting the range from its end, one more general.
fn lookup<'m>(range: &str, tags: &(impl Iterator<Item = &'m str> + Clone)) -> Option<usize> {
    let same = |wanted: &str| tags.clone().position(|tag| tag.eq_ignore_ascii_case(wanted));
    if let Some(found) = same(range).or_else(|| tags.clone().position(|tag| is_within(tag, range))) {
        return Some(found);
    }
    let mut general = range;
    while let Some((shorter, _)) = general.rsplit_once('-') {
        if let Some(found) = same(shorter) {
            return Some(found);
        }
        general = shorter;
    }
    None
}

/// RFC 4647 §3.3.1: whether a tag is the range or more special than it.
fn is_within(tag: &str, range: &str) -> bool {
    let (tag, range) = (tag.as_bytes(), range.as_bytes());
    let Some((start, rest)) = tag.split_at_checked(range.len()) else { return false };
    start.eq_ignore_ascii_case(range) && matches!(rest.first(), None | Some(b'-'))
}

fn is_range(range: &str) -> bool {
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    range == "*" || range == "@none" || range.split('-').all(is_subtag)
}

/// `q=0.85` in thousandths.
fn weight_of(text: &str) -> Option<u16> {
    let number = text.strip_prefix("q=").or_else(|| text.strip_prefix("Q="))?;
    let is_weight = number.len() <= 5 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let weight: f64 = number.parse().ok().filter(|_| is_weight)?;
    (0.0..=1.0).contains(&weight).then_some((weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ranges: &str, tags: &[&'static str]) -> String {
        let map: Members<'_> = tags.iter().map(|tag| ((*tag).into(), Json::Null)).collect();
        let languages = Languages::parse(ranges).unwrap();
        languages.choose(&map).map(|(tag, _)| tag.to_owned()).unwrap_or_default()
    }

    #[test]
    fn the_best_ranked_language_wins_and_any_stands_in() {
        assert_eq!(chosen("en", &["fr", "en"]), "en");
        assert_eq!(chosen("FR", &["en", "fr"]), "fr");
        assert_eq!(chosen("fr-CH,fr;q=0.9,en;q=0.8", &["en", "fr"]), "fr");
        assert_eq!(chosen("en;q=0.5,fr;q=0.9", &["en", "fr"]), "fr");
        assert_eq!(chosen("en", &["de", "en-US"]), "en-US");
        assert_eq!(chosen("nl-BE", &["de", "nl"]), "nl");
        assert_eq!(chosen("*", &["de", "@none"]), "@none");
        assert_eq!(chosen("pt", &["de", "en"]), "de");
        assert_eq!(chosen("pt,de;q=0", &["de", "en"]), "en");
        assert_eq!(chosen("e", &["en"]), "en");
        assert_eq!(chosen("en", &[]), "");
    }

    #[test]
    fn what_is_no_list_of_ranges_is_refused() {
        for bad in ["", "en,", "e n", "en;q=2", "en;x", "toolongasubtag", "en;q=", "日本"] {
            assert!(Languages::parse(bad).is_err(), "{bad}");
        }
    }
}
