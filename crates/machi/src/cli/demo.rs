//! `machi demo`: an invented city that moves, to look at.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use machi_demo::{Settings, Simulator, Size};
use machi_http::{Language, Text, shutdown};
use machi_types::SystemClock;

use crate::lifecycle::Signals;

/// Which city is loaded, and where.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// Where the running city listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// How large it is: small (about 2,000 entities), city (50,000) or metropolis (1,000,000)
    #[arg(long, value_name = "SIZE", default_value = "small")]
    pub size: Size,
    /// Which of all invented cities it is; the same number gives the same city
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How many attributes change in a second, at most [default: 30, 300 or 1000, by size]
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<u32>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  machi demo
      load a small city into the Machi on this machine, and move it until Ctrl-C
  machi demo --size metropolis --url http://127.0.0.1:9090
      load a large one into another Machi

A city that is there already is not loaded again: the command goes on moving it.";

/// Loads the city and moves it until it is told to stop.
pub(super) fn run(arguments: &DemoArgs, language: Language) -> Result<(), Box<dyn Error>> {
    let DemoArgs { url, size, seed, rate } = arguments;
    let settings = Settings { url: url.clone(), size: *size, seed: *seed, rate: *rate };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(simulate(&settings, language))
}

async fn simulate(settings: &Settings, language: Language) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::listen()?;
    let (trigger, heard) = shutdown();
    let simulator = Simulator {
        clock: Arc::new(SystemClock),
        shutdown: heard,
        // Nobody may be reading any more; the city moves all the same.
        tell: |text: &Text| drop(writeln!(io::stdout(), "{}", text.in_language(language))),
    };
    let hint = Text::both(
        "Ctrl-C ends the simulator and leaves the city as it is.",
        "Ctrl-Cでシミュレーターだけを終了します。都市はそのまま残ります。",
    );
    (simulator.tell)(&hint);
    let ended = async {
        signals.next().await;
        trigger.begin();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        done = machi_demo::run(settings, &simulator, || {}) => Ok(done?),
        () = ended => Ok(()),
    }
}
