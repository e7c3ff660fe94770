//! How long loops of random stories run, and which: the short form by default, more in a soak.

use machi_types::{Clock, SystemClock};

/// How many rounds a loop has: what `MACHI_SOAK_ROUNDS` says, or as many as a short run takes.
#[expect(clippy::disallowed_methods, reason = "how long the loops run is told to the tests, not to Machi")]
pub fn soak_rounds(short: u64) -> u64 {
    std::env::var("MACHI_SOAK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(short)
}

/// The seed of a loop, which is printed: the time, or the one in `MACHI_SOAK_SEED` that is to be run again.
#[expect(clippy::disallowed_methods, reason = "how the loops run is told to the tests, not to Machi")]
pub fn soak_seed() -> u64 {
    let told = std::env::var("MACHI_SOAK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = told.unwrap_or_else(|| SystemClock.now().micros().unsigned_abs() % 1_000_000_007);
    println!("seed {seed}");
    seed
}
