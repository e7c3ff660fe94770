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
    /// All is there, and was moved until this second.
    Whole { until: i64 },
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
    let until = text("simulatedUntil").parse::<Timestamp>().ok();
    Ok(match until {
        Some(until) if text("state") == "loaded" => Found::Whole { until: super::second(until) },
        _ => Found::Begun,
    })
}

/// Writes the marker.
pub(super) async fn set(city: &City<'_>, settings: &Settings, is_whole: bool) -> Result<(), DemoError> {
    let state = if is_whole { "loaded" } else { "loading" };
    let (size, seed) = (settings.size, settings.seed);
    let members = format!(
        r#""scope":"/shiomi","name":{{"type":"LanguageProperty","languageMap":{{"ja":"汐見市","en":"Shiomi City"}}}},"size":{{"type":"Property","value":"{size}"}},"seed":{{"type":"Property","value":"{seed}"}},"state":{{"type":"Property","value":"{state}"}}"#
    );
    let mut body = format!(r#"[{{"id":"{DEMO}","type":"DemoCity",{members}"#).into_bytes();
    body.extend_from_slice(b",");
    write_until(super::second(city.now()), &mut body);
    body.extend_from_slice(b"}]");
    city.upsert(body).await
}

/// Appends a fragment that tells until when the city was moved.
pub(super) fn write_moved(seconds: i64, out: &mut Vec<u8>) {
    write!(out, r#"{{"id":"{DEMO}","type":"DemoCity","#).expect("writing to memory cannot fail");
    write_until(seconds, out);
    out.push(b'}');
}

fn write_until(seconds: i64, out: &mut Vec<u8>) {
    let time = Timestamp::from_micros(seconds * 1_000_000);
    write!(out, r#""simulatedUntil":{{"type":"Property","value":"{time}"}}"#).expect("writing to memory cannot fail");
}
