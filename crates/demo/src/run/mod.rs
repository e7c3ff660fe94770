//! A client like any other: loads the city into a running Machi, and moves it until it is told to end.

mod city;
mod error;
mod load;
mod marker;
mod past;
mod ring;
mod scenario;
mod simulate;

use std::sync::Arc;

use futures_util::future::try_join;
use machi_http::Shutdown;
use machi_types::{Clock, Text, Timestamp};

pub use error::DemoError;

use crate::plan::{Plan, Size};
use city::City;

/// Which city is loaded where, and how fast it moves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the running Machi listens, such as `http://127.0.0.1:8080`.
    pub url: String,
    /// How large the city is.
    pub size: Size,
    /// Which of all cities of this size it is.
    pub seed: u64,
    /// How many attributes change in a second, at most; none for what fits the size.
    pub rate: Option<u32>,
}

/// What a simulator needs beside its settings.
#[derive(Debug)]
pub struct Simulator<T> {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Hears when to end.
    pub shutdown: Shutdown,
    /// Takes what people should know.
    pub tell: T,
}

/// What a running Machi holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing at all.
    Nothing,
    /// A demo city, or the beginning of one.
    Demo {
        /// How large it is.
        size: Size,
        /// Which of all cities of this size it is.
        seed: u64,
    },
    /// Somebody's own data.
    Other,
}

/// Asks a running Machi what it holds, until it answers.
pub async fn held<T: Fn(&Text)>(url: &str, simulator: &Simulator<T>) -> Result<Held, DemoError> {
    let city = City::new(url, simulator)?;
    match marker::held(&city).await? {
        Some((size, seed)) => Ok(Held::Demo { size, seed }),
        None if city.is_empty().await? => Ok(Held::Nothing),
        None => Ok(Held::Other),
    }
}

/// Loads the city unless it is there already, tells when all of it is there, and moves it until the end is told; what was
/// before is told meanwhile.
pub async fn run<T: Fn(&Text)>(
    settings: &Settings,
    simulator: &Simulator<T>,
    when_loaded: impl FnOnce(),
) -> Result<(), DemoError> {
    let plan = Plan::new(settings.size, settings.seed);
    let city = City::new(&settings.url, simulator)?;
    let moved = async {
        let loaded = load::load(&plan, settings, &city).await?;
        when_loaded();
        let told = past::tell(&plan, settings, &city, loaded.past);
        try_join(told, simulate::simulate(&plan, settings, &city, loaded.at)).await
    };
    match moved.await {
        // Whoever ends the simulator ends nothing else: the city stays as it is.
        Err(DemoError::Ended) => Ok(()),
        other => other.map(drop),
    }
}

/// The second that has begun.
fn second(time: Timestamp) -> i64 {
    time.micros().div_euclid(1_000_000)
}
