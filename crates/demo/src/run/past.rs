//! Tells what was before the city was loaded, as any client would: an evolution for each thing, several under way at once.
//!
//! Each evolution is one request and so one commit: whoever finds its beginning has all of it. After a crash the rest is
//! told.

use std::collections::HashSet;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::city::City;
use super::load::Past;
use super::marker::{self, Stage};
use super::{DemoError, Settings, error};
use crate::entities::{FIRST_WITHIN, MONTH};
use crate::plan::{Plan, Thing};

/// How many evolutions are under way at once: the city is looked at meanwhile.
const UNDER_WAY: usize = 2;
/// After how many entities is asked at once.
const ASKED: usize = 100;

/// Tells what is to be told, if anything. A city that keeps no history goes on without.
pub(super) async fn tell(plan: &Plan, settings: &Settings, city: &City<'_>, past: Past) -> Result<(), DemoError> {
    let until = match past {
        Past::Told => return Ok(()),
        Past::New { until } | Past::Begun { until } => until,
    };
    let told = async {
        let mut things = plan.with_past();
        if past == (Past::Begun { until }) {
            things = missing(plan, city, things, until).await?;
        }
        tell_of(plan, city, &things, until).await?;
        marker::set(city, settings, Stage::Told { at: until }).await
    };
    match told.await {
        Err(refused @ DemoError::Refused { .. }) => {
            city.tell(&error::past_refused(&refused));
            Ok(())
        }
        other => other,
    }
}

/// Those of which nothing is told yet.
async fn missing(plan: &Plan, city: &City<'_>, things: Vec<Thing>, until: i64) -> Result<Vec<Thing>, DemoError> {
    let ids: Vec<String> = things.iter().map(|thing| plan.id(*thing)).collect();
    let mut told = HashSet::new();
    for ids in ids.chunks(ASKED) {
        told.extend(city.measured_before(until - MONTH + FIRST_WITHIN, ids).await?);
    }
    Ok(things.into_iter().zip(ids).filter(|(_, id)| !told.contains(id)).map(|(thing, _)| thing).collect())
}

async fn tell_of(plan: &Plan, city: &City<'_>, things: &[Thing], until: i64) -> Result<(), DemoError> {
    let started = Instant::now();
    let mut under_way = FuturesUnordered::new();
    let mut values = 0;
    for thing in things {
        if under_way.len() == UNDER_WAY
            && let Some(taken) = under_way.next().await
        {
            taken?;
        }
        let mut body = Vec::new();
        values += plan.write_past(*thing, until, &mut body);
        under_way.push(city.tell_past(body));
    }
    while let Some(taken) = under_way.next().await {
        taken?;
    }
    city.tell(&error::past_told(MONTH / 86_400, things.len(), values, started.elapsed().as_secs_f64()));
    Ok(())
}
