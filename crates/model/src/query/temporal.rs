//! The temporal query language: `timerel`, `timeAt`, `endTimeAt`, `timeproperty` (§4.11).

use std::fmt;

use machi_types::{Phrase, Timestamp};

use super::{Member, QueryError};
use crate::entity::parse_datetime;

/// Which instants are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalQuery {
    /// How they lie to the given times.
    pub relation: TemporalRelation,
    /// Which time of an instance is looked at.
    pub property: TimeProperty,
}

/// How an instant lies to the given times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalRelation {
    /// Before this time, which is not included.
    Before(Timestamp),
    /// After this time, which is included.
    After(Timestamp),
    /// From the first, which is included, to the second, which is not.
    Between(Timestamp, Timestamp),
}

/// The times that a temporal query may look at (§4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeProperty {
    /// `observedAt`
    #[default]
    ObservedAt,
    /// `createdAt`
    CreatedAt,
    /// `modifiedAt`
    ModifiedAt,
    /// `deletedAt`
    DeletedAt,
}

/// The parameters, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemporalParameters<'p> {
    /// `timerel`
    pub timerel: Option<&'p str>,
    /// `timeAt`
    pub time_at: Option<&'p str>,
    /// `endTimeAt`
    pub end_time_at: Option<&'p str>,
    /// `timeproperty`
    pub timeproperty: Option<&'p str>,
}

impl TemporalQuery {
    /// Reads the parameters; none where there is neither `timerel` nor a time.
    pub fn parse(parameters: &TemporalParameters<'_>) -> Result<Option<Self>, QueryError> {
        let property = parameters.timeproperty.map(TimeProperty::parse).transpose()?.unwrap_or_default();
        let Some(timerel) = parameters.timerel else {
            if parameters.time_at.is_some() || parameters.end_time_at.is_some() {
                return Err(missing(
                    "timerel",
                    ("a time needs before, after or between", "時刻にはbefore、after、betweenのいずれかが必要です"),
                ));
            }
            return Ok(None);
        };
        let at = || {
            time(
                "timeAt",
                parameters.time_at,
                ("timerel needs a time to compare with", "timerelには比較する時刻が必要です"),
            )
        };
        let relation = match timerel {
            "before" => TemporalRelation::Before(at()?),
            "after" => TemporalRelation::After(at()?),
            "between" => between(at()?, parameters)?,
            _ => {
                return Err(unexpected(
                    "timerel",
                    ("before, after or between", "before、after、betweenのいずれか"),
                    timerel,
                ));
            }
        };
        if timerel != "between"
            && let Some(end) = parameters.end_time_at
        {
            return Err(unexpected(
                "endTimeAt",
                ("nothing, as it belongs to timerel=between alone,", "なし(timerel=betweenのときだけ指定できます)"),
                end,
            ));
        }
        Ok(Some(Self { relation, property }))
    }

    /// Whether an instance with this time is asked for; one without it never is.
    pub fn matches(&self, time: Timestamp) -> bool {
        match self.relation {
            TemporalRelation::Before(end) => time < end,
            TemporalRelation::After(start) => start <= time,
            TemporalRelation::Between(start, end) => start <= time && time < end,
        }
    }
}

fn between(start: Timestamp, parameters: &TemporalParameters<'_>) -> Result<TemporalRelation, QueryError> {
    let text = parameters.end_time_at;
    let end = time("endTimeAt", text, ("timerel=between needs an end", "timerel=betweenには終わりの時刻が必要です"))?;
    if end < start {
        return Err(unexpected(
            "endTimeAt",
            ("a time that is not before timeAt", "timeAtより前でない時刻"),
            text.unwrap_or_default(),
        ));
    }
    Ok(TemporalRelation::Between(start, end))
}

fn time(parameter: &'static str, text: Option<&str>, reason: impl Into<Phrase>) -> Result<Timestamp, QueryError> {
    let text = text.ok_or_else(|| missing(parameter, reason))?;
    parse_datetime(text).ok_or_else(|| {
        unexpected(
            parameter,
            ("a date-time in UTC such as 2026-11-22T10:00:00Z", "UTCの日時(例: 2026-11-22T10:00:00Z)"),
            text,
        )
    })
}

fn missing(parameter: &'static str, reason: impl Into<Phrase>) -> QueryError {
    QueryError::Missing { parameter, reason: reason.into() }
}

fn unexpected(language: &'static str, expected: impl Into<Phrase>, found: &str) -> QueryError {
    let quoted: String = found.chars().take(40).collect();
    let expected: Phrase = expected.into();
    QueryError::Unexpected { language, position: 1, expected: expected.into(), found: format!("\"{quoted}\"") }
}

impl TimeProperty {
    /// Reads the name of a time.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let all = [Self::ObservedAt, Self::CreatedAt, Self::ModifiedAt, Self::DeletedAt];
        let found = all.into_iter().find(|property| property.member().term() == text);
        found.ok_or_else(|| {
            unexpected(
                "timeproperty",
                (
                    "observedAt, createdAt, modifiedAt or deletedAt",
                    "observedAt、createdAt、modifiedAt、deletedAtのいずれか",
                ),
                text,
            )
        })
    }

    /// The member that it is.
    pub fn member(self) -> Member {
        match self {
            Self::ObservedAt => Member::ObservedAt,
            Self::CreatedAt => Member::CreatedAt,
            Self::ModifiedAt => Member::ModifiedAt,
            Self::DeletedAt => Member::DeletedAt,
        }
    }
}

impl fmt::Display for TemporalQuery {
    /// Writes it as parameters of a URL, not encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.relation {
            TemporalRelation::Before(end) => write!(f, "timerel=before&timeAt={end}")?,
            TemporalRelation::After(start) => write!(f, "timerel=after&timeAt={start}")?,
            TemporalRelation::Between(start, end) => write!(f, "timerel=between&timeAt={start}&endTimeAt={end}")?,
        }
        write!(f, "&timeproperty={}", self.property.member().term())
    }
}
