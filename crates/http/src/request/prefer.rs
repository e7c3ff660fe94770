//! The `Prefer` header (RFC 7240): which version of the standard an answer should keep to, and where a GeoJSON
//! answer carries its @context (ETSI GS CIM 009 §4.3.6.8, §6.3.6).

use std::fmt;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

/// A version of the NGSI-LD standard, such as 1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

impl SpecVersion {
    /// The version that we speak.
    pub const OURS: Self = Self { major: 1, minor: 9 };

    /// The value of `Preference-Applied` for an answer that keeps to this version.
    pub fn preference_applied(self) -> HeaderValue {
        HeaderValue::from_str(&format!("ngsi-ld={self}")).expect("digits and a dot are visible ASCII")
    }
}

impl fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no `major.minor`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version of NGSI-LD is written major.minor, such as 1.9")]
pub struct InvalidVersion;

impl FromStr for SpecVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let (major, minor) = text.split_once('.').ok_or(InvalidVersion)?;
        let is_plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let number = |part: &str| part.parse().ok().filter(|_| is_plain(part)).ok_or(InvalidVersion);
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

/// Where a GeoJSON answer carries its @context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum GeoJsonContext {
    /// In the body; also `body=ld+json`.
    #[default]
    Body,
    /// In a Link header: `body=json`.
    Link,
}

/// The preferences of a request; what we do not understand is passed over, as RFC 7240 §2 wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Prefer {
    /// The version that the answer should keep to.
    pub version: Option<SpecVersion>,
    /// Where a GeoJSON answer carries its @context.
    pub geojson_context: GeoJsonContext,
}

impl Prefer {
    /// Reads the preferences.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        for value in headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()) {
            for preference in value.split(',') {
                prefer.read(preference);
            }
        }
        prefer
    }

    fn read(&mut self, preference: &str) {
        let without_parameters = preference.split(';').next().unwrap_or_default();
        let Some((name, value)) = without_parameters.split_once('=') else {
            return;
        };
        let value = value.trim().trim_matches('"');
        // RFC 7240 §2: of several preferences of one name the first one counts.
        if name.trim().eq_ignore_ascii_case("ngsi-ld") && self.version.is_none() {
            self.version = value.parse().ok();
        } else if name.trim().eq_ignore_ascii_case("body") && value == "json" {
            self.geojson_context = GeoJsonContext::Link;
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Prefer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefer(values: &[&'static str]) -> Prefer {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        Prefer::of(&headers)
    }

    #[test]
    fn preferences_are_read_and_others_passed_over() {
        let version = |major, minor| Some(SpecVersion { major, minor });
        assert_eq!(prefer(&["ngsi-ld=1.5"]).version, version(1, 5));
        assert_eq!(prefer(&["wait=10, NGSI-LD=\"1.4\";x=y", "ngsi-ld=1.3"]).version, version(1, 4));
        assert_eq!(prefer(&["ngsi-ld=new"]).version, None);
        assert_eq!(prefer(&["ngsi-ld=1.+5"]).version, None);
        assert_eq!(prefer(&["body=json"]).geojson_context, GeoJsonContext::Link);
        assert_eq!(prefer(&["body=ld+json"]).geojson_context, GeoJsonContext::Body);
        assert_eq!(prefer(&[]), Prefer::default());
        assert_eq!(SpecVersion::OURS.preference_applied(), "ngsi-ld=1.9");
        assert!("1.5".parse::<SpecVersion>().unwrap() < SpecVersion::OURS);
    }
}
