//! Moves the city, once a second: what has changed, in one batch.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::city::City;
use super::error;
use super::ring::{Change, Rings};
use super::scenario::{Course, Said, Turn};
use super::{DemoError, Settings, marker, second};
use crate::entities::{DEMO, FLOOD};
use crate::life::Moment;
use crate::plan::Plan;

/// How often it is noted until when the city was moved, in seconds.
const NOTED_EVERY: i64 = 10;

/// Moves the city on from a second until the end is told.
pub(super) async fn simulate(plan: &Plan, settings: &Settings, city: &City<'_>, from: i64) -> Result<(), DemoError> {
    let rate = settings.rate.unwrap_or(settings.size.rate());
    let mut rings = Rings::new(plan, from);
    let (mut course, mut unwritten, mut noted) = (Course::default(), None, from);
    city.tell(&error::moves(rate));
    let mut ticks = interval(Duration::from_secs(1));
    // Seconds that were lost are not caught up: what counts is how the city is now.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        city.until_end(ticks.tick()).await?;
        let said = Said::of(city.entity(FLOOD).await?.as_ref());
        let seconds = second(city.now());
        // What was decided is written down before anything else is decided.
        if unwritten.is_none() {
            unwritten = course.follow(said, seconds);
            if let Some(turn) = unwritten {
                rings.forget_urgent();
                tell_turn(city, turn);
            }
        }
        let changes = rings.changes(plan, Moment { seconds, flood: course.flood }, rate);
        let is_noted = seconds - noted >= NOTED_EVERY;
        let fragment = unwritten.and_then(|turn| turn.fragment(seconds));
        let Some(body) = body(plan, &changes, fragment, seconds, is_noted) else {
            unwritten = None;
            continue;
        };
        match city.update(body).await? {
            Ok(verdict) => {
                if is_noted && verdict.is_some_and(|verdict| verdict.contains(&format!("\"{DEMO}\""))) {
                    refuse_where_gone(city).await?;
                }
                rings.taken(&changes, seconds);
                unwritten = None;
                noted = if is_noted { seconds } else { noted };
            }
            Err(silence) => city.tell_silent(&silence),
        }
    }
}

/// One batch of all changes; none where nothing has changed.
fn body(plan: &Plan, changes: &[Change], turn: Option<String>, seconds: i64, is_noted: bool) -> Option<Vec<u8>> {
    let mut fragments: Vec<Vec<u8>> = Vec::with_capacity(changes.len() + 2);
    for change in changes {
        let mut fragment = Vec::with_capacity(256);
        plan.write_change(change.thing, &change.readings, seconds, &mut fragment);
        fragments.push(fragment);
    }
    fragments.extend(turn.map(String::into_bytes));
    if is_noted {
        let mut fragment = Vec::new();
        marker::write_moved(seconds, &mut fragment);
        fragments.push(fragment);
    }
    let whole = fragments.join(&b","[..]);
    (!fragments.is_empty()).then(|| [b"[", &*whole, b"]"].concat())
}

/// A single thing may be deleted by whoever likes; without its marker the whole city counts as gone.
async fn refuse_where_gone(city: &City<'_>) -> Result<(), DemoError> {
    match city.entity(DEMO).await? {
        Some(_) => Ok(()),
        None => Err(DemoError::Gone { url: city.url().to_owned() }),
    }
}

fn tell_turn(city: &City<'_>, turn: Turn) {
    match turn {
        Turn::Begins => city.tell(&error::flood_begins()),
        Turn::Over => city.tell(&error::flood_is_over()),
        Turn::GoesOn | Turn::CalledOff => {}
    }
}
