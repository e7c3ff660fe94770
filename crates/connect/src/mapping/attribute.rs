//! One attribute of a mapping: from the cells of a row to an NGSI-LD attribute.

use std::borrow::Cow;

use machi_types::json::Members;
use machi_types::{Iri, Json, japanese};

use super::Settings;
use super::template::Template;
use crate::cells::{Cells, in_column};
use crate::ngsiv2::point_at;
use crate::propose::looks_like_number;
use crate::row::quoted;
use crate::times::Times;
use crate::{RowError, cell, geo3x3, moment};

/// An attribute and where its value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) unit: Option<String>,
    pub(crate) is_required: bool,
    /// Whether a file may be without its columns.
    pub(crate) is_optional: bool,
    pub(crate) observed_at: Option<String>,
    /// Whether a value without a time is wrong.
    pub(crate) needs_time: bool,
    /// How its times are written.
    pub(crate) times: Times,
}

/// Where a value comes from, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    Text(String),
    Auto(String),
    Number(String),
    Boolean(String),
    Date(String),
    Time(String),
    List { column: String, separator: String },
    Point { longitude: String, latitude: String },
    Geo3x3(String),
    Geometry,
    Relationship(Template),
    Language(Vec<(String, String)>),
    Constant(Json<'static>),
}

impl Attribute {
    /// The columns from which it is made.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = match &self.origin {
            Origin::Text(column)
            | Origin::Auto(column)
            | Origin::Number(column)
            | Origin::Boolean(column)
            | Origin::Date(column)
            | Origin::Time(column)
            | Origin::Geo3x3(column)
            | Origin::List { column, .. } => vec![column],
            Origin::Point { longitude, latitude } => vec![longitude, latitude],
            Origin::Relationship(template) => template.columns().collect(),
            Origin::Language(languages) => languages.iter().map(|(_, column)| column.as_str()).collect(),
            Origin::Geometry | Origin::Constant(_) => Vec::new(),
        };
        columns.extend(self.observed_at.as_deref());
        columns
    }

    /// The attribute of a row; none where its cells are empty.
    pub(crate) fn of(&self, cells: &Cells<'_>, settings: &Settings) -> Result<Option<Json<'static>>, RowError> {
        let Some((kind, member, value)) = self.value(cells, settings)? else {
            return if self.is_required { Err(self.missing()) } else { Ok(None) };
        };
        let mut members: Members<'static> =
            vec![(Cow::Borrowed("type"), Json::from(kind)), (Cow::Borrowed(member), value)];
        members.extend(self.unit.clone().map(|unit| (Cow::Borrowed("unitCode"), Json::from(unit))));
        if let Some(observed_at) = self.observed_at(cells, settings)? {
            members.push((Cow::Borrowed("observedAt"), observed_at));
        }
        Ok(Some(Json::Object(members)))
    }

    fn observed_at(&self, cells: &Cells<'_>, settings: &Settings) -> Result<Option<Json<'static>>, RowError> {
        let Some(column) = &self.observed_at else { return Ok(None) };
        let time = settings.read(cells, column, |text| Ok(Json::from(self.times.instant(text)?.to_string())))?;
        if time.is_none() && self.needs_time { Err(timeless(column)) } else { Ok(time) }
    }

    /// The attribute's type, the member that holds its value, and the value.
    fn value(&self, cells: &Cells<'_>, settings: &Settings) -> Result<Option<Valued>, RowError> {
        let property = |value: Option<Json<'static>>| value.map(|value| ("Property", "value", value));
        let geo = |value: Option<Json<'static>>| value.map(|value| ("GeoProperty", "value", value));
        Ok(match &self.origin {
            Origin::Text(column) => property(plain(cells, settings, column)?),
            Origin::Auto(column) => property(match plain(cells, settings, column)? {
                Some(Json::String(text)) => Some(recognised(&text)),
                other => other,
            }),
            Origin::Number(column) => property(settings.read(cells, column, cell::number)?),
            Origin::Boolean(column) => property(settings.read(cells, column, cell::boolean)?),
            Origin::Date(column) => {
                property(settings.read(cells, column, |text| Ok(typed("Date", moment::day(text)?)))?)
            }
            Origin::Time(column) => {
                let read = |text: &str| Ok(typed("DateTime", self.times.instant(text)?.to_string()));
                property(settings.read(cells, column, read)?)
            }
            Origin::List { column, separator } => {
                property(settings.read(cells, column, |text| Ok(list(text, separator)))?)
            }
            Origin::Point { longitude, latitude } => geo(point(cells, settings, longitude, latitude)?),
            Origin::Geo3x3(column) => geo(settings.read(cells, column, place_of_code)?),
            Origin::Geometry => geo(cells.geometry().map(|geometry| geometry.clone().into_owned())),
            Origin::Relationship(object) => {
                related(object, cells, settings)?.map(|object| ("Relationship", "object", object))
            }
            Origin::Language(languages) => {
                language_map(languages, cells, settings)?.map(|map| ("LanguageProperty", "languageMap", map))
            }
            Origin::Constant(value) => property(Some(value.clone())),
        })
    }

    fn missing(&self) -> RowError {
        let columns = self.columns().join("\", \"");
        RowError::new(
            (format!("column \"{columns}\" is empty"), format!("列\"{columns}\"が空です")),
            (
                format!("a value: the mapping says that the attribute \"{}\" is required", self.name),
                format!("値が必要です(対応表で属性\"{}\"が必須になっています)", self.name),
            ),
        )
    }
}

fn timeless(column: &str) -> RowError {
    RowError::new(
        (format!("column \"{column}\" is empty"), format!("列\"{column}\"が空です")),
        ("the time at which the values of the row were measured", "行の値を測定した日時が必要です"),
    )
}

type Valued = (&'static str, &'static str, Json<'static>);

/// A text, or the property of a feature as it is.
fn plain(cells: &Cells<'_>, settings: &Settings, column: &str) -> Result<Option<Json<'static>>, RowError> {
    match cells.value(column) {
        Some(Json::String(_) | Json::Null) | None => {
            settings.read(cells, column, |text| Ok(Json::from(text.to_owned())))
        }
        Some(value) => Ok(Some(value.clone().into_owned())),
    }
}

/// A number, a truth value or a text, whichever a cell looks like.
pub(crate) fn recognised(text: &str) -> Json<'static> {
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ if looks_like_number(text) => cell::number(text).unwrap_or_else(|_| Json::from(text.to_owned())),
        _ => Json::from(text.to_owned()),
    }
}

/// ETSI GS CIM 009 §4.6.3: a time that is a value says so by its `@type`.
fn typed(kind: &'static str, value: String) -> Json<'static> {
    Json::Object(vec![(Cow::Borrowed("@type"), Json::from(kind)), (Cow::Borrowed("@value"), Json::from(value))])
}

fn list(text: &str, separator: &str) -> Json<'static> {
    let items = text.split(separator).map(str::trim).filter(|item| !item.is_empty());
    Json::Array(items.map(|item| Json::from(item.to_owned())).collect())
}

fn point(
    cells: &Cells<'_>,
    settings: &Settings,
    longitude: &str,
    latitude: &str,
) -> Result<Option<Json<'static>>, RowError> {
    let east = settings.read(cells, longitude, |text| degrees(text, &LONGITUDE))?;
    let north = settings.read(cells, latitude, |text| degrees(text, &LATITUDE))?;
    match (east, north) {
        (Some(east), Some(north)) if north.abs() > 90.0 => Err(no_latitude(latitude, east, north)),
        (Some(east), Some(north)) => Ok(Some(point_at(east, north))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(half(longitude, &LATITUDE)),
        (Some(_), None) => Err(half(latitude, &LONGITUDE)),
    }
}

fn degrees(text: &str, angle: &Angle) -> Result<f64, RowError> {
    let value = cell::float(text).map_err(|error| RowError::new(error.wrong, angle.right))?;
    if value.abs() > 180.0 {
        let (en, ja) = angle.name;
        let wrong = (format!("{} is no {en}", quoted(text)), format!("{}は{ja}として正しくありません", quoted(text)));
        return Err(RowError::new(wrong, angle.right));
    }
    Ok(value)
}

/// One of the two numbers of a place, in English and Japanese.
struct Angle {
    name: (&'static str, &'static str),
    right: (&'static str, &'static str),
}

const LONGITUDE: Angle = Angle {
    name: ("longitude", "経度"),
    right: ("a longitude in degrees, from -180 to 180", "経度(度)、-180から180まで"),
};
const LATITUDE: Angle = Angle {
    name: ("latitude", "緯度"),
    right: ("a latitude in degrees, from -90 to 90", "緯度(度)、-90から90まで"),
};

/// Exchanged columns are the most common fault of places in open data.
fn no_latitude(column: &str, east: f64, north: f64) -> RowError {
    let (hint, hint_ja) = if east.abs() <= 90.0 {
        ("; it seems to be exchanged with the longitude", "。経度と入れ替わっているようです")
    } else {
        ("", "")
    };
    let (right, right_ja) = LATITUDE.right;
    RowError::new(
        (
            format!("column \"{column}\": \"{north}\" is no latitude"),
            format!("列\"{column}\": \"{north}\"は緯度として正しくありません"),
        ),
        (format!("{right}{hint}"), format!("{right_ja}{hint_ja}")),
    )
}

fn half(column: &str, other: &Angle) -> RowError {
    let (en, ja) = other.name;
    RowError::new(
        (
            format!("column \"{column}\" is empty though the {en} is given"),
            format!("{ja}があるのに、列\"{column}\"が空です"),
        ),
        ("both, or neither", "両方を書くか、両方とも空にしてください"),
    )
}

fn place_of_code(text: &str) -> Result<Json<'static>, RowError> {
    let place = geo3x3::decode(text);
    let fault = || {
        RowError::new(
            (format!("{} is no Geo3x3 code", quoted(text)), format!("{}はGeo3x3のコードではありません", quoted(text))),
            ("E or W and digits from 1 to 9", "EかWに続けて1から9までの数字"),
        )
    };
    place.map(|(longitude, latitude)| point_at(longitude, latitude)).ok_or_else(fault)
}

fn related(object: &Template, cells: &Cells<'_>, settings: &Settings) -> Result<Option<Json<'static>>, RowError> {
    let Some(target) = object.fill(cells, |text| settings.is_empty(text))? else { return Ok(None) };
    match Iri::check(&target) {
        Ok(()) => Ok(Some(Json::from(target))),
        Err(error) => Err(RowError::new(
            (error.to_string(), format!("IRIではありません({})", japanese::iri(&error))),
            ("the IRI of the entity to which the relationship leads", "関係先のエンティティのIRI"),
        )),
    }
}

fn language_map(
    languages: &[(String, String)],
    cells: &Cells<'_>,
    settings: &Settings,
) -> Result<Option<Json<'static>>, RowError> {
    let mut members: Members<'static> = Vec::new();
    for (language, column) in languages {
        let text = settings.read(cells, column, |text| Ok(Json::from(text.to_owned())))?;
        members.extend(text.map(|text| (Cow::Owned(language.clone()), text)));
    }
    Ok((!members.is_empty()).then_some(Json::Object(members)))
}

impl Settings {
    /// Reads a cell that is not empty; what is wrong names the column.
    pub(crate) fn read<T>(
        &self,
        cells: &Cells<'_>,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, RowError>,
    ) -> Result<Option<T>, RowError> {
        match cells.text(column)? {
            Some(text) if !self.is_empty(&text) => read(&text).map(Some).map_err(|error| in_column(column, &error)),
            _ => Ok(None),
        }
    }

    /// Whether a cell says nothing.
    pub(crate) fn is_empty(&self, text: &str) -> bool {
        text.is_empty() || self.empty.iter().any(|empty| empty == text)
    }
}
