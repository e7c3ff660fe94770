//! Mapping files: TOML, every key checked.

use std::collections::BTreeMap;

use machi_types::{Iri, Json, Language, Text, japanese};
use serde::Deserialize;

use super::attribute::{Attribute, Origin};
use super::template::Template;
use super::{Mapping, Settings};
use crate::Encoding;
use crate::moment::Zone;
use crate::times::{TimeFormat, Times};

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is no TOML, or has a key that no mapping has.
    #[error("{0}")]
    Text(String),
    /// A key's value is wrong.
    #[error("{key}: {}", wrong.in_language(Language::English))]
    Value {
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        wrong: Text,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingText {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    context: Option<String>,
    encoding: Option<Encoding>,
    delimiter: Option<char>,
    time_zone: Option<String>,
    empty: Option<Vec<String>>,
    time_format: Option<String>,
    observed_at: Option<String>,
    #[serde(default)]
    series: bool,
    scope: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, AttributeText>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct AttributeText {
    kind: Option<Kind>,
    column: Option<String>,
    longitude: Option<String>,
    latitude: Option<String>,
    object: Option<String>,
    languages: Option<BTreeMap<String, String>>,
    separator: Option<String>,
    value: Option<toml::Value>,
    unit: Option<String>,
    observed_at: Option<String>,
    time_zone: Option<String>,
    time_format: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    optional: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Property,
    Auto,
    Number,
    Boolean,
    Date,
    Time,
    List,
    Geo,
    Geo3x3,
    Geometry,
    Relationship,
    Language,
    Constant,
}

pub(super) fn parse(text: &str) -> Result<Mapping, MappingError> {
    let text: MappingText = toml::from_str(text).map_err(|error| MappingError::Text(error.to_string()))?;
    let rows = Whole {
        observed_at: text.observed_at,
        times: times("", text.time_zone.as_deref(), text.time_format.as_deref(), &Times::default())?,
        is_series: text.series,
    };
    let attributes = text.attributes.into_iter().map(|(name, attribute)| read(&name, attribute, &rows));
    let attributes: Vec<Attribute> = attributes.collect::<Result<_, _>>()?;
    if rows.is_series && attributes.iter().all(|attribute| attribute.observed_at.is_none()) {
        return Err(without_times());
    }
    Ok(Mapping {
        id: template("id", &text.id)?,
        kind: template("type", &text.kind)?,
        scope: text.scope.map(|scope| template("scope", &scope)).transpose()?,
        attributes,
        delimiter: text.delimiter.map(delimiter).transpose()?,
        settings: Settings {
            empty: text.empty.unwrap_or_default().iter().map(|text| text.trim().to_owned()).collect(),
        },
        is_series: rows.is_series,
        context: text.context.map(|context| iri(&context)).transpose()?,
        encoding: text.encoding,
    })
}

/// What a mapping says of all attributes.
struct Whole {
    observed_at: Option<String>,
    times: Times,
    is_series: bool,
}

fn read(name: &str, text: AttributeText, rows: &Whole) -> Result<Attribute, MappingError> {
    let key = format!("attributes.{name}");
    if ["id", "type", "scope"].contains(&name) {
        return Err(wrong(
            &key,
            (
                format!("\"{name}\" is no attribute; write it at the top of the file"),
                format!("\"{name}\"は属性ではありません。ファイルの先頭に書いてください"),
            ),
        ));
    }
    let is_constant = text.value.is_some();
    let (unit, is_required, is_optional) = (text.unit.clone(), text.required, text.optional);
    let observed_at = text.observed_at.clone().or_else(|| rows.observed_at.clone().filter(|_| !is_constant));
    let times = times(&key, text.time_zone.as_deref(), text.time_format.as_deref(), &rows.times)?;
    let origin = origin(&key, text)?;
    let has_number = matches!(origin, Origin::Number(_) | Origin::Constant(_) | Origin::Text(_) | Origin::Auto(_));
    if unit.is_some() && !has_number {
        return Err(wrong(
            &key,
            (
                "only a property has a unit; leave \"unit\" out, or say kind = \"number\"",
                "unitはPropertyにだけ使えます。\"unit\"を省くか、kind = \"number\"としてください",
            ),
        ));
    }
    Ok(Attribute {
        name: name.to_owned(),
        origin,
        unit,
        is_required,
        is_optional,
        observed_at,
        needs_time: rows.is_series,
        times,
    })
}

/// How times are written, where this or the whole mapping says it; the key is that of an attribute, or empty.
fn times(key: &str, zone: Option<&str>, format: Option<&str>, whole: &Times) -> Result<Times, MappingError> {
    let key_of = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    Ok(Times {
        zone: zone.map(|zone| time_zone(&key_of("time_zone"), zone)).transpose()?.unwrap_or(whole.zone),
        format: match format {
            Some(format) => Some(time_format(&key_of("time_format"), format)?),
            None => whole.format.clone(),
        },
    })
}

fn time_format(key: &str, format: &str) -> Result<TimeFormat, MappingError> {
    TimeFormat::parse(format).ok_or_else(|| {
        let told = (
            format!(
                "\"{format}\" does not tell a day and, if any, a whole time of day; write it like \"%m/%d/%Y %H:%M\""
            ),
            format!("\"{format}\"から日時を読み取れません。\"%m/%d/%Y %H:%M\"のように書いてください"),
        );
        wrong(key, told)
    })
}

fn without_times() -> MappingError {
    let told = (
        "no attribute has a time; name the column that tells when a row was measured with observed_at",
        "日時のある属性がありません。測定日時の列をobserved_atで指定してください",
    );
    wrong("series", told)
}

fn origin(key: &str, text: AttributeText) -> Result<Origin, MappingError> {
    let given = text.given();
    let kind = text.kind.unwrap_or_else(|| text.guessed_kind());
    let (wanted, origin) = match kind {
        Kind::Property => ("column", text.column.map(Origin::Text)),
        Kind::Auto => ("column", text.column.map(Origin::Auto)),
        Kind::Number => ("column", text.column.map(Origin::Number)),
        Kind::Boolean => ("column", text.column.map(Origin::Boolean)),
        Kind::Date => ("column", text.column.map(Origin::Date)),
        Kind::Time => ("column", text.column.map(Origin::Time)),
        Kind::Geo3x3 => ("column", text.column.map(Origin::Geo3x3)),
        Kind::List => {
            let separator = text.separator.filter(|separator| !separator.is_empty()).unwrap_or_else(|| ";".to_owned());
            ("column", text.column.map(|column| Origin::List { column, separator }))
        }
        Kind::Geo => {
            let both = text.longitude.zip(text.latitude);
            ("longitude and latitude", both.map(|(longitude, latitude)| Origin::Point { longitude, latitude }))
        }
        Kind::Geometry => ("nothing else", given.is_empty().then_some(Origin::Geometry)),
        Kind::Relationship => {
            let object = text.object.map(|object| template(key, &object)).transpose()?;
            ("object", object.map(Origin::Relationship))
        }
        Kind::Language => ("languages", text.languages.map(|map| Origin::Language(map.into_iter().collect()))),
        Kind::Constant => ("value", text.value.map(|value| json(key, value)).transpose()?.map(Origin::Constant)),
    };
    let belongs = |name: &str| wanted.contains(name) || (matches!(kind, Kind::List) && name == "separator");
    if let Some(stray) = given.iter().find(|name| !belongs(name)) {
        let told = (
            format!("\"{stray}\" does not belong to this kind, which takes {wanted}"),
            format!("この種類に\"{stray}\"は使えません(使えるもの: {wanted})"),
        );
        return Err(wrong(key, told));
    }
    origin.ok_or_else(|| wrong(key, (format!("this kind takes {wanted}"), format!("この種類には{wanted}が必要です"))))
}

impl AttributeText {
    /// The keys that say where the value comes from.
    fn given(&self) -> Vec<&'static str> {
        let keys = [
            ("column", self.column.is_some()),
            ("longitude", self.longitude.is_some()),
            ("latitude", self.latitude.is_some()),
            ("object", self.object.is_some()),
            ("languages", self.languages.is_some()),
            ("separator", self.separator.is_some()),
            ("value", self.value.is_some()),
        ];
        keys.into_iter().filter_map(|(key, is_given)| is_given.then_some(key)).collect()
    }

    /// The kind that the other keys tell, where none is said.
    fn guessed_kind(&self) -> Kind {
        if self.value.is_some() {
            Kind::Constant
        } else if self.longitude.is_some() || self.latitude.is_some() {
            Kind::Geo
        } else if self.object.is_some() {
            Kind::Relationship
        } else if self.languages.is_some() {
            Kind::Language
        } else {
            Kind::Property
        }
    }
}

fn template(key: &str, text: &str) -> Result<Template, MappingError> {
    let fault = || {
        let told = (
            format!("\"{text}\" has a brace that is not closed or names no column"),
            format!("\"{text}\"の波かっこが閉じられていないか、列名がありません"),
        );
        wrong(key, told)
    };
    Template::parse(text).ok_or_else(fault)
}

fn delimiter(delimiter: char) -> Result<u8, MappingError> {
    match delimiter {
        ',' | '\t' | ';' => Ok(delimiter as u8),
        _ => Err(wrong(
            "delimiter",
            (
                "a comma, a semicolon or \"\\t\" divides columns",
                "区切り文字はコンマ、セミコロン、\"\\t\"のいずれかです",
            ),
        )),
    }
}

fn time_zone(key: &str, zone: &str) -> Result<Zone, MappingError> {
    Zone::parse(zone).ok_or_else(|| {
        let told = (
            format!("\"{zone}\" is not known; say Asia/Tokyo, UTC, or an offset such as +09:00"),
            format!("\"{zone}\"は使えません。Asia/Tokyo、UTC、+09:00のような時差のいずれかを指定してください"),
        );
        wrong(key, told)
    })
}

fn iri(text: &str) -> Result<Iri, MappingError> {
    text.parse().map_err(|error: machi_types::InvalidIri| {
        wrong("context", (error.to_string(), format!("IRIではありません({})", japanese::iri(&error))))
    })
}

fn json(key: &str, value: toml::Value) -> Result<Json<'static>, MappingError> {
    Ok(match value {
        toml::Value::String(text) => Json::from(text),
        toml::Value::Integer(number) => Json::Number(number.into()),
        toml::Value::Float(number) if number.is_finite() => Json::from(number),
        toml::Value::Boolean(value) => Json::Bool(value),
        toml::Value::Array(items) => {
            Json::Array(items.into_iter().map(|item| json(key, item)).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) => {
            let members = table.into_iter().map(|(name, value)| Ok((name.into(), json(key, value)?)));
            Json::Object(members.collect::<Result<_, _>>()?)
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) => {
            return Err(wrong(
                key,
                (
                    "a value is a text in quotes, a finite number, true or false, a list or a table",
                    "値は引用符で囲んだ文字列、有限の数値、true、false、配列、テーブルのいずれかです",
                ),
            ));
        }
    })
}

fn wrong(key: &str, wrong: impl Into<Text>) -> MappingError {
    MappingError::Value { key: key.to_owned(), wrong: wrong.into() }
}
