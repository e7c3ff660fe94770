//! Loads the city in batches, several under way at once, and none of it where it is there already.

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::city::City;
use super::error;
use super::marker::{self, Found, Stage};
use super::{DemoError, Settings, second};
use crate::life::Moment;
use crate::plan::Plan;
use crate::told::batch;

/// How many entities go in one batch, and how many batches are under way at once.
const MOST: usize = 1000;
const UNDER_WAY: usize = 4;
/// How often people are told how far it has come.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// A city that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loaded {
    /// The second as of which it stands.
    pub(super) at: i64,
    pub(super) past: Past,
}

/// What is to be told of the time before it was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    Told,
    /// All of it, up to this second.
    New {
        until: i64,
    },
    /// What is missing of it.
    Begun {
        until: i64,
    },
}

/// Loads the city.
pub(super) async fn load(plan: &Plan, settings: &Settings, city: &City<'_>) -> Result<Loaded, DemoError> {
    if let Found::Whole { until: at, untold } = marker::look(city, settings).await? {
        city.tell(&error::there_already(settings.size, settings.seed));
        return Ok(Loaded { at, past: untold.map_or(Past::Told, |until| Past::Begun { until }) });
    }
    let total = (0..plan.parts()).map(|part| plan.part(part).len()).sum();
    city.tell(&error::loading(settings.size, settings.seed, city.url(), total));
    let started = Instant::now();
    marker::set(city, settings, Stage::Begun).await?;
    let now = Moment { seconds: second(city.now()), flood: None };
    let mut under_way = FuturesUnordered::new();
    let (mut done, mut told) = (0, Instant::now());
    for part in 0..plan.parts() {
        for things in plan.part(part).chunks(MOST) {
            if under_way.len() == UNDER_WAY
                && let Some(taken) = under_way.next().await
            {
                done += taken?;
            }
            if told.elapsed() > TOLD_EVERY {
                city.tell(&error::progress(done, total));
                told = Instant::now();
            }
            let (body, count) = (batch(plan, things, now), things.len());
            under_way.push(async move { city.upsert(body).await.map(|()| count) });
        }
    }
    while let Some(taken) = under_way.next().await {
        taken?;
    }
    marker::set(city, settings, Stage::Loaded { at: now.seconds }).await?;
    city.tell(&error::loaded(total, started.elapsed().as_secs_f64()));
    Ok(Loaded { at: now.seconds, past: Past::New { until: now.seconds } })
}
