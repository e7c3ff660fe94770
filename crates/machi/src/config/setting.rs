//! The kinds of value that settings have, and how each is written in TOML.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::HeaderValue;
use machi_history_bucket::Place;
use machi_http::client::Cidr;
use machi_http::edge::Origins;
use machi_types::Iri;
use toml::Value;
use tracing_subscriber::filter::Targets;

use super::Expected;

/// A kind of value.
pub trait Setting: Sized {
    /// What would be right, for errors.
    const EXPECTED: Expected;

    /// Reads a value; none where it is not of this kind.
    fn read(value: &Value) -> Option<Self>;

    /// Writes the value as TOML.
    fn write(&self) -> String;
}

/// A kind of value that may be left out, by an empty text in its place.
pub trait Omissible: Setting {
    /// What would be right where none is right as well.
    const EXPECTED_OR_NONE: Expected;
}

impl<T: Omissible> Setting for Option<T> {
    const EXPECTED: Expected = T::EXPECTED_OR_NONE;

    fn read(value: &Value) -> Option<Self> {
        if value.as_str() == Some("") { Some(None) } else { T::read(value).map(Some) }
    }

    fn write(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), T::write)
    }
}

impl Setting for bool {
    const EXPECTED: Expected = &("true or false", "trueかfalse");

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Setting for u64 {
    const EXPECTED: Expected = &("a whole number from 0 on", "0以上の整数");

    fn read(value: &Value) -> Option<Self> {
        value.as_integer()?.try_into().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Setting for NonZeroUsize {
    const EXPECTED: Expected = &("a whole number from 1 on", "1以上の整数");

    fn read(value: &Value) -> Option<Self> {
        Self::new(value.as_integer()?.try_into().ok()?)
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Setting for SocketAddr {
    const EXPECTED: Expected = &(
        "an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
        "アドレスとポート(例: \"127.0.0.1:8080\"、\"[::1]:8080\")",
    );

    fn read(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Omissible for SocketAddr {
    const EXPECTED_OR_NONE: Expected = &(
        "an address and a port, such as \"127.0.0.1:5432\", or \"\" for none",
        "アドレスとポート(例: \"127.0.0.1:5432\")、または指定なしを表す\"\"",
    );
}

impl Setting for PathBuf {
    const EXPECTED: Expected = &("a path, such as \"/var/lib/machi\"", "パス(例: \"/var/lib/machi\")");

    fn read(value: &Value) -> Option<Self> {
        value.as_str().filter(|text| !text.is_empty()).map(Self::from)
    }

    fn write(&self) -> String {
        quoted(&self.to_string_lossy())
    }
}

impl Omissible for PathBuf {
    const EXPECTED_OR_NONE: Expected = &("a path, or \"\" for none", "パス、または指定なしを表す\"\"");
}

impl Setting for Place {
    const EXPECTED: Expected =
        &("a place in a bucket, such as \"s3://city/history\"", "バケット内の場所(例: \"s3://city/history\")");

    fn read(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Omissible for Place {
    const EXPECTED_OR_NONE: Expected = &(
        "a place in a bucket, such as \"s3://city/history\", or \"\" for none",
        "バケット内の場所(例: \"s3://city/history\")、または指定なしを表す\"\"",
    );
}

impl Setting for Vec<Cidr> {
    const EXPECTED: Expected = &(
        "a list of networks, such as [\"10.0.0.0/8\", \"fd00::/8\"]",
        "ネットワークの配列(例: [\"10.0.0.0/8\", \"fd00::/8\"])",
    );

    fn read(value: &Value) -> Option<Self> {
        words(value)?.iter().map(|word| word.parse().ok()).collect()
    }

    fn write(&self) -> String {
        list(self.iter().map(ToString::to_string))
    }
}

impl Setting for String {
    const EXPECTED: Expected = &("a text, such as \"machi\"", "文字列(例: \"machi\")");

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn write(&self) -> String {
        quoted(self)
    }
}

impl Setting for Origins {
    const EXPECTED: Expected = &(
        "a list of origins such as [\"https://portal.example.jp\"], without a path, and \"*\" for all others",
        "オリジンの配列(例: [\"https://portal.example.jp\"]、パスなし)。すべてのサイトを表す\"*\"も含められます",
    );

    fn read(value: &Value) -> Option<Self> {
        let mut origins = Self::default();
        for word in words(value)? {
            match word.as_str() {
                "*" => origins.any = true,
                word => origins.named.push(origin(word)?),
            }
        }
        Some(origins)
    }

    fn write(&self) -> String {
        let named = self.named.iter().map(|one| String::from_utf8_lossy(one.as_bytes()).into_owned());
        list(self.any.then(|| "*".to_owned()).into_iter().chain(named))
    }
}

/// A scheme and a host, as browsers send them.
fn origin(text: &str) -> Option<HeaderValue> {
    let (scheme, host) = text.split_once("://")?;
    let is_origin = !scheme.is_empty() && !host.is_empty() && !host.contains('/');
    HeaderValue::from_str(text).ok().filter(|_| is_origin)
}

impl Setting for Iri {
    const EXPECTED: Expected =
        &("an IRI, such as \"urn:ngsi-ld:ContextSource:city\"", "IRI(例: \"urn:ngsi-ld:ContextSource:city\")");

    fn read(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn write(&self) -> String {
        quoted(self.as_str())
    }
}

/// How deep JSON may nest: beyond this no reader of ours goes, whatever is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth(pub usize);

impl Depth {
    const MOST: usize = 128;
}

impl Setting for Depth {
    const EXPECTED: Expected = &("a whole number from 1 to 128", "1から128までの整数");

    fn read(value: &Value) -> Option<Self> {
        let depth = usize::try_from(value.as_integer()?).ok()?;
        (1..=Self::MOST).contains(&depth).then_some(Self(depth))
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

/// A time for which somebody stands and waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortTime(pub Duration);

impl ShortTime {
    const MOST: Duration = Duration::from_mins(10);
}

impl Setting for ShortTime {
    const EXPECTED: Expected = &(
        "a time of at most 10 min with its unit (ms, s, min), such as \"4 s\"",
        "単位(ms、s、min)付きの10分以下の時間(例: \"4 s\")",
    );

    fn read(value: &Value) -> Option<Self> {
        Duration::read(value).filter(|time| *time <= Self::MOST).map(Self)
    }

    fn write(&self) -> String {
        self.0.write()
    }
}

impl Setting for Duration {
    const EXPECTED: Expected =
        &("a time with its unit (ms, s, min, h), such as \"10 s\"", "単位(ms、s、min、h)付きの時間(例: \"10 s\")");

    fn read(value: &Value) -> Option<Self> {
        let (number, unit) = measure(value.as_str()?)?;
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1000,
            "min" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        number.checked_mul(milliseconds).map(Self::from_millis)
    }

    fn write(&self) -> String {
        let milliseconds = self.as_millis() as u64;
        let units = [(3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")];
        quoted(&in_largest(milliseconds, &units))
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl Setting for ByteSize {
    const EXPECTED: Expected = &(
        "a size with its unit (B, KiB, MiB, GiB), such as \"16 MiB\"",
        "単位(B、KiB、MiB、GiB)付きのサイズ(例: \"16 MiB\")",
    );

    fn read(value: &Value) -> Option<Self> {
        let (number, unit) = measure(value.as_str()?)?;
        let shift = match unit {
            "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return None,
        };
        number.checked_mul(1 << shift).map(Self)
    }

    fn write(&self) -> String {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")];
        quoted(&in_largest(self.0, &units))
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Setting for LogFormat {
    const EXPECTED: Expected = &("\"text\" or \"json\"", "\"text\"か\"json\"");

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn write(&self) -> String {
        quoted(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Which log lines are written.
#[derive(Clone, Debug, PartialEq)]
pub struct LogFilter(pub Targets);

impl Setting for LogFilter {
    const EXPECTED: Expected = &(
        "a level (error, warn, info, debug, trace), or levels by target, such as \"info,machi::access=debug\"",
        "レベル(error、warn、info、debug、trace)、または対象別のレベル(例: \"info,machi::access=debug\")",
    );

    fn read(value: &Value) -> Option<Self> {
        Targets::from_str(value.as_str()?).ok().map(Self)
    }

    fn write(&self) -> String {
        quoted(&self.0.to_string())
    }
}

/// A number and its unit, with or without a space between them.
fn measure(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim()))
}

fn in_largest(number: u64, units: &[(u64, &str)]) -> String {
    let fitting = units.iter().find(|(size, _)| number > 0 && number.is_multiple_of(*size));
    let (size, name) = fitting.or(units.last()).copied().unwrap_or((1, ""));
    format!("{} {name}", number / size)
}

/// A list of texts, or one text with commas, as the environment writes it.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect(),
        Value::String(text) => {
            Some(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect())
        }
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn list(items: impl Iterator<Item = String>) -> String {
    Value::Array(items.map(Value::String).collect()).to_string()
}
