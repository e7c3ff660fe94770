//! Where in which bucket: `s3://name/prefix`.

use std::fmt;
use std::str::FromStr;

/// A bucket, and a prefix in it under which all names lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(crate) bucket: String,
    /// Without slashes at its ends; empty for none.
    pub(crate) prefix: String,
}

/// A text that names no place in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form s3://bucket/prefix")]
pub struct PlaceError;

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let rest = text.strip_prefix("s3://").ok_or(PlaceError)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        // Only what means the same to every client of S3, encoded or not.
        let is_plain = |text: &str| {
            let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
            !text.is_empty() && text != "." && text != ".." && text.bytes().all(is_fine)
        };
        let is_place = is_plain(bucket) && (prefix.is_empty() || prefix.split('/').all(is_plain));
        is_place.then(|| Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() }).ok_or(PlaceError)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        for (text, shown) in
            [("s3://city", "s3://city"), ("s3://city/", "s3://city"), ("s3://city/a/b=1/", "s3://city/a/b=1")]
        {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "city",
            "s3://",
            "s3:///a",
            "https://city/a",
            "s3://city//a",
            "s3://city/../a",
            "s3://city/a b",
            "s3://key:secret@city",
        ] {
            assert_eq!(wrong.parse::<Place>(), Err(PlaceError), "{wrong}");
        }
    }
}
