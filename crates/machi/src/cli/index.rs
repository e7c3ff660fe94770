//! `machi index`: indexes for conditions that no default index answers.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::{Args, Subcommand};
use http::{Method, StatusCode};
use machi_http::{Language, Text};
use machi_types::{Iri, Json, TenantId, json};

use super::{print, print_line};
use crate::import::{City, CityError};
use crate::said;

/// The endpoint of indexes.
const PATH: &str = "/machi/v1/indexes";
/// How often the city is asked how far it is.
const PAUSE: Duration = Duration::from_millis(200);

/// What to do with indexes.
#[derive(Debug, Subcommand)]
pub enum IndexCommand {
    /// Build an index: of a sub-attribute, of the inside of a JSON value, or for patterns
    Add {
        /// What to index, as q writes it: `temperature.accuracy`, `address[city]`, `name`
        #[arg(value_name = "PATH")]
        path: String,
        /// Keep texts whole, for ~= and !~=
        #[arg(long)]
        patterns: bool,
        /// The @context that expands the names of the path
        #[arg(long, value_name = "URL")]
        context: Option<Iri>,
        /// Do not wait until it is built
        #[arg(long)]
        no_wait: bool,
        /// Which city
        #[command(flatten)]
        city: WhichCity,
    },
    /// List the added indexes
    List {
        /// Which city
        #[command(flatten)]
        city: WhichCity,
    },
    /// Drop an index
    Remove {
        /// Its id, as `machi index list` shows it
        #[arg(value_name = "ID")]
        id: String,
        /// Which city
        #[command(flatten)]
        city: WhichCity,
    },
}

/// A running city, and one of its tenants.
#[derive(Args, Debug)]
pub struct WhichCity {
    /// Of this tenant
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
    /// Where the running city listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
}

impl WhichCity {
    fn open(&self, language: Language) -> Result<City, CityError> {
        City::new(&self.server, self.tenant.as_ref(), false, language)
    }
}

pub(super) fn run(command: &IndexCommand, language: Language) -> Result<(), Box<dyn Error>> {
    match command {
        IndexCommand::Add { path, patterns, context, no_wait, city } => {
            let city = city.open(language)?;
            let asked = Json::Object(vec![
                ("path".into(), Json::from(path.clone())),
                ("patterns".into(), Json::Bool(*patterns)),
            ]);
            let body = city.call(Method::POST, PATH, Some(asked.to_text()), context.as_ref())?.1;
            let added = told(&body).ok_or_else(unreadable)?;
            if *no_wait { print_line(&added.line(language)) } else { wait(&city, added, language) }
        }
        IndexCommand::List { city } => {
            let body = city.open(language)?.call(Method::GET, PATH, None, None)?.1;
            let list = json::parse(&body, 8)?;
            let told = list.as_array().unwrap_or_default().iter().filter_map(Told::of);
            print(&told.map(|index| index.line(language) + "\n").collect::<String>())
        }
        IndexCommand::Remove { id, city } => {
            let (status, _) = city.open(language)?.call(Method::DELETE, &format!("{PATH}/{id}"), None, None)?;
            debug_assert_eq!(status, StatusCode::NO_CONTENT, "every other status is an error");
            let said = Text::both(format!("{id} is dropped"), format!("{id}を削除しました"));
            print_line(said.in_language(language))
        }
    }
}

/// Shows how far an index is until it answers queries.
fn wait(city: &City, mut index: Told, language: Language) -> Result<(), Box<dyn Error>> {
    let is_shown = io::stderr().is_terminal();
    while !index.is_ready {
        if is_shown {
            let _ = write!(io::stderr(), "\r{}: {}\x1b[K", index.path, index.progress().in_language(language));
        }
        std::thread::sleep(PAUSE);
        let body = city.call(Method::GET, &format!("{PATH}/{}", index.id), None, None)?.1;
        index = told(&body).ok_or_else(unreadable)?;
    }
    if is_shown {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    print_line(&index.line(language))
}

fn unreadable() -> said::Told {
    said::Told::new("the city's answer cannot be read", "都市の応答を読めません")
}

/// What the city says of an index.
struct Told {
    id: String,
    path: String,
    is_for_patterns: bool,
    is_ready: bool,
    done: u64,
    of: u64,
}

fn told(body: &[u8]) -> Option<Told> {
    Told::of(&json::parse(body, 8).ok()?)
}

impl Told {
    fn of(json: &Json<'_>) -> Option<Self> {
        let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
        let number = |name: &str| json.get(name).and_then(Json::as_u64);
        Some(Self {
            id: text("id")?,
            path: text("path")?,
            is_for_patterns: json.get("patterns")?.as_bool()?,
            is_ready: text("state")? == "ready",
            done: number("entitiesDone")?,
            of: number("entities")?,
        })
    }

    fn line(&self, language: Language) -> String {
        let kind = if self.is_for_patterns { ("patterns", "パターン") } else { ("values", "値") };
        let state = if self.is_ready { ("ready", "完成").into() } else { self.progress() };
        let kind = Text::from(kind);
        format!("{}  {}  {}  {}", self.id, self.path, kind.in_language(language), state.in_language(language))
    }

    fn progress(&self) -> Text {
        let Self { done, of, .. } = self;
        Text::both(format!("building, {done} of {of} entities"), format!("作成中、{of}件のうち{done}件"))
    }
}
