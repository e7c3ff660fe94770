//! The entity that says which demo city this is, whether all of it is there, and until when it was moved.

use std::io::Write as _;

use machi_types::{Json, Timestamp};

use super::city::City;
use super::{DemoError, Settings};
use crate::entities::DEMO;
use crate::plan::Size;

/// What the marker of a city says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none.
    Nothing,
    /// A load was begun, and not finished.
    Begun,
    /// All is there, and was moved until this second; the past that ends before another one is still to be told.
    Whole { until: i64, untold: Option<i64> },
}

/// How far the load has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Begun,
    /// All is there as of this second, and what was before is told now.
    Loaded {
        at: i64,
    },
    /// What was before that second is told, too.
    Told {
        at: i64,
    },
}

/// The size and the seed of the demo city that is there.
pub(super) async fn held(city: &City<'_>) -> Result<Option<(Size, u64)>, DemoError> {
    let marker = city.entity(DEMO).await?;
    let text = |name: &str| marker.as_ref()?.get(name)?.as_str();
    Ok(text("size").and_then(|size| size.parse().ok()).zip(text("seed").and_then(|seed| seed.parse().ok())))
}

/// Looks for the city that is asked for; another one is an error.
pub(super) async fn look(city: &City<'_>, settings: &Settings) -> Result<Found, DemoError> {
    let Some(marker) = city.entity(DEMO).await? else { return Ok(Found::Nothing) };
    let text = |name: &str| marker.get(name).and_then(Json::as_str).unwrap_or("?").to_owned();
    let (size, seed) = (text("size"), text("seed"));
    if (size.as_str(), seed.as_str()) != (settings.size.name(), &*settings.seed.to_string()) {
        return Err(DemoError::Other { url: city.url().to_owned(), size, seed });
    }
    let time = |name: &str| text(name).parse::<Timestamp>().ok().map(super::second);
    Ok(match time("simulatedUntil") {
        Some(until) if text("state") == "loaded" => {
            Found::Whole { until, untold: time("pastUntil").filter(|_| text("past") == "begun") }
        }
        _ => Found::Begun,
    })
}

/// Writes the marker.
pub(super) async fn set(city: &City<'_>, settings: &Settings, stage: Stage) -> Result<(), DemoError> {
    let (size, seed) = (settings.size, settings.seed);
    let members = format!(
        r#""scope":"/shiomi","name":{{"type":"LanguageProperty","languageMap":{{"ja":"汐見市","en":"Shiomi City"}}}},"size":{{"type":"Property","value":"{size}"}},"seed":{{"type":"Property","value":"{seed}"}}"#
    );
    let stage = match stage {
        Stage::Begun => property("state", "loading"),
        Stage::Loaded { at } => format!("{},{}", property("state", "loaded"), past("begun", at)),
        Stage::Told { at } => format!("{},{}", property("state", "loaded"), past("told", at)),
    };
    let mut body = format!(r#"[{{"id":"{DEMO}","type":"DemoCity",{members},{stage},"#).into_bytes();
    write_until(super::second(city.now()), &mut body);
    body.extend_from_slice(b"}]");
    city.upsert(body).await
}

fn past(state: &str, until: i64) -> String {
    let time = Timestamp::from_micros(until * 1_000_000).to_string();
    format!("{},{}", property("past", state), property("pastUntil", &time))
}

fn property(name: &str, value: &str) -> String {
    format!(r#""{name}":{{"type":"Property","value":"{value}"}}"#)
}

/// Appends a fragment that tells until when the city was moved.
pub(super) fn write_moved(seconds: i64, out: &mut Vec<u8>) {
    write!(out, r#"{{"id":"{DEMO}","type":"DemoCity","#).expect("writing to memory cannot fail");
    write_until(seconds, out);
    out.push(b'}');
}

fn write_until(seconds: i64, out: &mut Vec<u8>) {
    let time = Timestamp::from_micros(seconds * 1_000_000).to_string();
    out.extend_from_slice(property("simulatedUntil", &time).as_bytes());
}
