//! `machi up`: a city to look at, which is served, filled and moved by one command.
//!
//! It is `machi serve` for this machine alone, with `machi demo` beside it where the city is empty or holds the
//! demo city already, and one screen that says what can be done.

mod screen;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::thread;

use clap::Args;
use machi_demo::{DemoError, Held, InvalidSize, Settings, Simulator, Size};
use machi_http::client::Cidr;
use machi_http::{Language, Shutdown, Text};
use machi_types::SystemClock;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::serve::{self, ServeArgs};
use crate::config::{LogFilter, LogSection, caller};
use crate::lifecycle::{self, Companion, Start};
use crate::log;

use screen::Screen;

/// Which city is opened, and where.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct UpArgs {
    /// The folder that holds the city's data; made where it is missing
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
    /// Where to listen; port 0 takes any free one [setting: server.listen, default 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// A file with settings; `machi config example` prints one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What an empty city is filled with: small (about 2,000 entities), city (50,000), metropolis (1,000,000) or none [default: small]
    #[arg(long, value_name = "SIZE")]
    pub demo: Option<Demo>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  machi up
      open a small invented city in the folder ./data
  machi up --demo none --data ./ours
      open an empty one

A city that is there already is opened as it is; an invented one goes on moving.";

/// What an empty city is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// Nothing.
    None,
    /// An invented city of this size.
    Of(Size),
}

impl FromStr for Demo {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        if text == "none" { Ok(Self::None) } else { text.parse().map(Self::Of) }
    }
}

/// Opens a city until it is told to stop.
pub(super) fn run(arguments: &UpArgs, language: Language) -> Result<(), Box<dyn Error>> {
    let (mut config, peers) = serve::settings(&as_served(arguments))?;
    // What a server's log tells of an ordinary start would stand in the middle of the screen.
    if config.log.filter == LogSection::default().filter {
        config.log.filter = LogFilter(Targets::new().with_default(LevelFilter::WARN));
    }
    log::start(&config.log);
    let (data, demo) = (config.store.path.clone(), arguments.demo);
    let begin = move |address: SocketAddr, shutdown: Shutdown| {
        let screen = Screen { url: format!("http://{address}"), data, caller: caller(), language };
        // The simulator takes what it needs of a processor in a thread of its own, as another program would.
        thread::spawn(move || accompany(&screen, demo, shutdown));
    };
    let companion = Some(Companion(Box::new(begin)));
    Ok(lifecycle::run(Start { config, peers, companion })?)
}

/// How the city would be served without this command.
fn as_served(arguments: &UpArgs) -> ServeArgs {
    // Whoever may use the city reaches this machine's own ports anyway, so its notifications may, too.
    let own: Result<Cidr, _> = "127.0.0.0/8".parse();
    ServeArgs {
        data: Some(arguments.data.clone()),
        listen: arguments.listen,
        config: arguments.config.clone(),
        egress_allow: own.into_iter().collect(),
        open: true,
        open_to: Vec::new(),
    }
}

/// Fills the city, shows the screen, and moves the city until it closes.
fn accompany(screen: &Screen, demo: Option<Demo>, shutdown: Shutdown) {
    let done = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(simulate(screen, demo, shutdown)),
        Err(error) => Err(Told::Runtime(error)),
    };
    if let Err(told) = done {
        screen.show(None);
        say(&told.text(), screen.language);
    }
}

/// Why the city does not move.
enum Told {
    Demo(DemoError),
    Runtime(io::Error),
}

impl Told {
    fn text(&self) -> Text {
        match self {
            Self::Demo(error) => error.text(),
            Self::Runtime(error) => Text::both(
                format!("The city stands still: the system gives the simulator no thread ({error})."),
                format!("シミュレーターを開始できないため、都市は動きません({error})。"),
            ),
        }
    }
}

async fn simulate(screen: &Screen, demo: Option<Demo>, shutdown: Shutdown) -> Result<(), Told> {
    let language = screen.language;
    let tell = |text: &Text| say(text, language);
    let simulator = Simulator { clock: Arc::new(SystemClock), shutdown, tell };
    let held = match machi_demo::held(&screen.url, &simulator).await {
        Err(DemoError::Ended) => return Ok(()),
        held => held.map_err(Told::Demo)?,
    };
    let Some((size, seed)) = invented(held, demo) else {
        screen.show(None);
        return Ok(());
    };
    let settings = Settings { url: screen.url.clone(), size, seed, rate: None };
    let show = || screen.show(Some(&machi_demo::a_streetlight(size, seed)));
    machi_demo::run(&settings, &simulator, show).await.map_err(Told::Demo)
}

/// The invented city that is to be there, if any.
fn invented(held: Held, asked: Option<Demo>) -> Option<(Size, u64)> {
    match (held, asked) {
        (_, Some(Demo::None)) | (Held::Other, _) => None,
        (Held::Demo { seed, .. }, Some(Demo::Of(size))) | (Held::Demo { size, seed }, None) => Some((size, seed)),
        (Held::Nothing, Some(Demo::Of(size))) => Some((size, 1)),
        (Held::Nothing, None) => Some((Size::Small, 1)),
    }
}

fn say(text: &Text, language: Language) {
    // Nobody may be reading any more; the city runs all the same.
    let _ = writeln!(io::stdout(), "{}", text.in_language(language));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_covered_by_an_invented_city() {
        let small = Held::Demo { size: Size::Small, seed: 7 };
        for (held, asked, expected) in [
            (Held::Nothing, None, Some((Size::Small, 1))),
            (Held::Nothing, Some("city"), Some((Size::City, 1))),
            (Held::Nothing, Some("none"), None),
            (Held::Other, None, None),
            (Held::Other, Some("city"), None),
            (small, None, Some((Size::Small, 7))),
            (small, Some("none"), None),
            // The simulator says that another city is there.
            (small, Some("metropolis"), Some((Size::Metropolis, 7))),
        ] {
            let asked = asked.map(|text| text.parse().unwrap());
            assert_eq!(invented(held, asked), expected, "{held:?} {asked:?}");
        }
        assert!("large".parse::<Demo>().is_err());
    }
}
