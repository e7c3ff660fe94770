//! Builds the blocks and hands each what it needs; the one place where they meet.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use machi_archive::memory::MemoryArchive;
use machi_broker::{Broker, Notifier};
use machi_face::Face;
use machi_face::contexts::HttpLoader;
use machi_history::History;
use machi_http::client::{Client, ClientSettings, Egress};
use machi_http::edge::{Edge, EdgeSettings, Origins, Peers, Shortcut};
use machi_http::metrics::{Kind, Registry, observe_process};
use machi_http::openapi::Api;
use machi_http::server::ServerLimits;
use machi_http::{Language, Shutdown, Text};
use machi_store::{CollectionSpec, Store, StoreError, Verified};
use machi_store_embedded::{DataFolder, EmbeddedStore, Options};
use machi_store_postgres::PostgresStore;
use machi_types::{Clock, SystemClock};
use tokio::task::JoinHandle;
use tracing::warn;

use crate::blocks;
use crate::config::{self, Config, ServerSection};
use crate::control::{self, Commanded};
use crate::ground::{self, Ground};
use crate::lifecycle::StartError;
use crate::own::{self, Readiness};
use crate::past::{self, Past};

/// How long the broker rests between two rounds of what it does in the background.
const HOUSEKEEPING: Duration = Duration::from_secs(5);
/// A clock that lies further behind the last commit is told of.
const CLOCK_LAG: Duration = Duration::from_mins(5);

/// A city, ready to be served.
#[derive(Debug)]
pub struct City {
    /// Where all requests go.
    pub router: Router,
    /// Asked before the router.
    pub shortcut: Arc<dyn Shortcut>,
    /// What the command line must know to command it.
    pub secret: String,
    /// What it has beside what all cities have.
    pub extras: Extras,
    ground: Ground,
    work: Vec<JoinHandle<()>>,
}

/// The faces that only programs have that are built with them.
#[derive(Debug)]
pub struct Extras {
    /// The SQL face.
    #[cfg(feature = "sql")]
    pub sql: Arc<machi_sql::Sql>,
}

impl Extras {
    #[cfg(feature = "sql")]
    fn open(config: &Config, face: &Arc<Face>, history: &Arc<History>) -> Result<Self, StartError> {
        Ok(Self { sql: crate::sql::open(config, face, history).map_err(StartError::Runtime)? })
    }

    #[cfg(not(feature = "sql"))]
    #[expect(clippy::unnecessary_wraps, reason = "the SQL face may fail to open")]
    fn open(_: &Config, _: &Arc<Face>, _: &Arc<History>) -> Result<Self, StartError> {
        Ok(Self {})
    }

    #[cfg(feature = "sql")]
    fn api(&self) -> Api {
        machi_sql::http::api(Arc::clone(&self.sql))
    }

    #[cfg(not(feature = "sql"))]
    #[expect(clippy::unused_self, reason = "it has no faces")]
    fn api(&self) -> Api {
        Api::new()
    }
}

/// Opens the store of a city, with the collections of all blocks.
pub async fn open_ground(config: &Config, folder: DataFolder) -> Result<Ground, StartError> {
    let clock = Arc::new(SystemClock);
    let Some(database) = database(config) else {
        ground::check_lies_here(folder.path())?;
        let options = options(config);
        let opening =
            tokio::task::spawn_blocking(move || EmbeddedStore::open_in(folder, collections(), clock, options));
        let store = opening.await.map_err(|broken| StartError::Runtime(io::Error::other(broken)))??;
        return Ok(Ground::Folder(Arc::new(store)));
    };
    let store = PostgresStore::open(&database, collections(), clock).await?;
    ground::belong(folder.path(), store.city())?;
    let claim = store.claim(&database).await?;
    Ok(Ground::Database(Arc::new(store), Arc::new((folder, claim))))
}

/// The database of a city, where it lies in one.
fn database(config: &Config) -> Option<machi_store_postgres::Options> {
    let store = &config.store;
    let connections = store.connections.get();
    let usual = machi_store_postgres::Options::new(&store.url);
    (!store.url.is_empty()).then_some(machi_store_postgres::Options { connections, ..usual })
}

/// Checks a city that no process runs, and changes nothing in its folder.
pub fn verify_resting(data: &Path) -> Result<Verified, StoreError> {
    let options = options(&Config::default());
    EmbeddedStore::verify_resting(data, &config::scratch(), collections(), Arc::new(SystemClock), options)
}

fn options(config: &Config) -> Options {
    let eighth = config.store.cache.0 / 8;
    Options {
        document_cache_bytes: eighth * 7,
        note_bytes: config.store.rendered.0,
        block_cache_bytes: eighth,
        // The past lies in the folder of the city.
        own_consumers: &[machi_history::CONSUMER],
        ..Options::default()
    }
}

fn collections() -> Vec<CollectionSpec> {
    let blocks = [machi_broker::collections::specs(), machi_history::collections::specs()];
    blocks.into_iter().flatten().collect()
}

/// Builds a city on its store.
pub async fn assemble(
    config: &Config,
    ground: Ground,
    registry: &Arc<Registry>,
    heard: &Shutdown,
) -> Result<City, StartError> {
    observe_process(registry);
    let client = Client::new(client_settings(config))?;
    let readiness = Arc::new(Readiness::default());
    observe_store(registry, &ground);
    worry_about_the_store(&readiness, &ground);
    let secret = control::secret();
    let broker = broker(config, ground.store(), client.clone());
    let past = Past::open(config, broker.face())?;
    observe_history(registry, &past.history);
    worry_about_history(&readiness, &past.history, options(config).feed_bytes_pinned);
    broker.resume_indexes().await?;
    broker.end_restores().await?;
    let notifier = Notifier::new(Arc::clone(&broker), client).await?;
    notifier.report_to(registry);
    worry_about_the_notifier(&readiness, &broker);
    let extras = Extras::open(config, broker.face(), &past.history)?;
    let own = own_endpoints(config, registry, &readiness, (&broker, &past.history, &extras), heard);
    let router = own
        .into_router()
        .merge(own::page_routes())
        .merge(machi_broker::http::router(Arc::clone(&broker)))
        .merge(machi_history::http::router(Arc::clone(&past.history)))
        .merge(control::router(
            Commanded { ground: ground.clone(), broker: Arc::clone(&broker), past: past.clone() },
            &secret,
        ));
    let shortcut: Arc<dyn Shortcut> = Arc::new(machi_broker::http::HotEntities::new(Arc::clone(&broker)));
    let work = vec![
        tokio::spawn(keep_house(Arc::clone(&broker), heard.clone())),
        tokio::spawn(keep_contexts(broker, heard.clone())),
        tokio::spawn(notifier.run(heard.clone())),
    ];
    let work = work.into_iter().chain(past.work(heard, config.history.upkeep)).collect();
    Ok(City { router, shortcut, secret, extras, ground, work })
}

/// The edge of a city that is being opened: it answers whether it is alive, and asks for patience.
pub fn edge(config: &Config, peers: Peers, registry: &Arc<Registry>) -> Arc<Edge> {
    Edge::opening(own::while_opening(registry), edge_settings(config, peers), registry)
}

/// Finds what no setting tells alone, before anything is opened: whether the files that it names can be used.
pub fn check(config: &Config) -> Result<(), StartError> {
    Client::new(client_settings(config))?;
    database(config).map_or(Ok(()), |database| database.check())?;
    if cfg!(not(feature = "sql")) && config.sql.address.is_some() {
        return Err(StartError::WithoutSql);
    }
    past::check(config)
}

/// What commands need of a city that no process runs.
pub async fn resting(config: &Config, folder: DataFolder) -> Result<Commanded, StartError> {
    let ground = open_ground(config, folder).await?;
    let client = Client::new(client_settings(config))?;
    let broker = broker(config, ground.store(), client);
    let past = Past::open(config, broker.face())?;
    Ok(Commanded { ground, broker, past })
}

impl City {
    /// Ends the background work and writes everything out.
    pub async fn close(self) {
        for work in self.work {
            // Work that failed has said so itself.
            let _ = work.await;
        }
        self.ground.close().await;
    }
}

fn broker(config: &Config, store: Arc<dyn Store>, client: Client) -> Arc<Broker> {
    Arc::new(Broker::new(face(config, store, client), blocks::broker(config)))
}

fn face(config: &Config, store: Arc<dyn Store>, client: Client) -> Arc<Face> {
    let settings = blocks::face(config);
    let loader = Arc::new(HttpLoader::new(client, &settings.contexts));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Arc::new(Face::new(store, clock, settings, loader))
}

/// Adds the figures of the store. What all of the process sends to disk is among those of the process.
fn observe_store(registry: &Registry, ground: &Ground) {
    if let Ground::Folder(store) = ground {
        let weak = Arc::downgrade(store);
        let help = "Bytes of changes written to the journal; process_io_written_bytes counts all that goes to disk.";
        registry.observe("machi_store_journal_written_bytes", help, Kind::Counter, move |samples| {
            if let Some(store) = weak.upgrade() {
                samples.write(&[], store.journal_written() as f64);
            }
        });
    }
    let ground = ground.clone();
    let help = "How far the clock lies behind the last commit, from which times then go on.";
    registry.observe("machi_clock_lag_seconds", help, Kind::Gauge, move |samples| {
        samples.write(&[], ground.clock_lag().as_secs_f64());
    });
}

/// Adds the figures of history.
fn observe_history(registry: &Registry, history: &Arc<History>) {
    let weak = Arc::downgrade(history);
    let help = "Commits that history has not taken from the journal yet.";
    registry.observe("machi_history_commits_behind", help, Kind::Gauge, move |samples| {
        if let Some(history) = weak.upgrade() {
            samples.write(&[], history.commits_behind() as f64);
        }
    });
    let weak = Arc::downgrade(history);
    let help = "Memory that holds what history has taken and not archived yet.";
    registry.observe("machi_history_held_bytes", help, Kind::Gauge, move |samples| {
        if let Some(history) = weak.upgrade() {
            samples.write(&[], history.bytes() as f64);
        }
    });
}

/// A clock that lags turns no time back, but whoever compares times with other machines must know; one that has jumped
/// ahead keeps everybody from writing, and so does a database that is away.
fn worry_about_the_store(readiness: &Readiness, ground: &Ground) {
    let own = ground.clone();
    readiness.worry(move || {
        let lag = own.clock_lag();
        match own.clock_jump() {
            Some(jump) => Some(clock_jumped(jump)),
            None => (lag > CLOCK_LAG).then(|| clock_lags(lag)),
        }
    });
    let own = ground.clone();
    readiness.worry(move || own.trouble());
}

fn worry_about_the_notifier(readiness: &Readiness, broker: &Arc<Broker>) {
    let weak = Arc::downgrade(broker);
    readiness.worry(move || {
        let breaks = weak.upgrade()?.notifier_breaks();
        let told = || {
            Text::both(
                format!(
                    "the notifier broke off and began again {breaks} times since the start; the log says why, please report it"
                ),
                format!("起動後、通知処理が{breaks}回中断し、再開しました。原因はログにあります。お知らせください"),
            )
        };
        (breaks > 0).then(told)
    });
}

/// What history has not taken stays in the journal, which may grow by `waiting` bytes.
fn worry_about_history(readiness: &Readiness, history: &Arc<History>, waiting: u64) {
    let weak = Arc::downgrade(history);
    readiness.worry(move || {
        let trouble = weak.upgrade()?.trouble()?;
        let (en, ja) = (trouble.in_language(Language::English), trouble.in_language(Language::Japanese));
        let gigabytes = waiting >> 30;
        Some(Text::both(
            format!(
                "{en}. Nothing is lost: changes wait in the journal, but when that is {gigabytes} GB longer, writes are refused"
            ),
            format!(
                "{ja}。変更はジャーナルに残るため失われませんが、ジャーナルが{gigabytes}GB増えると書き込みを停止します"
            ),
        ))
    });
}

fn clock_jumped(jump: Duration) -> Text {
    let seconds = jump.as_secs();
    Text::both(
        format!(
            "the clock jumped ahead by {seconds} s, and until it is set right nothing can be written; if it is right now, confirm it with: machi clock accept"
        ),
        format!(
            "時計が{seconds}秒進んだため、書き込みを停止しています。時計を直すか、正しければ machi clock accept で確認してください"
        ),
    )
}

fn clock_lags(lag: Duration) -> Text {
    let seconds = lag.as_secs();
    Text::both(
        format!(
            "the clock lies {seconds} s behind the last commit, from which times go on until it has caught up; set it right"
        ),
        format!(
            "時計が最後のコミットより{seconds}秒遅れています。追いつくまでは最後のコミットの時刻から数え続けます。時計を直してください"
        ),
    )
}

/// Clears away what has expired.
async fn keep_house(broker: Arc<Broker>, heard: Shutdown) {
    let round = || async {
        if let Err(error) = broker.keep_house().await {
            warn!(%error, "what has expired could not be cleared away; trying again");
        }
    };
    in_rounds(heard, round).await;
}

/// Keeps copies of contexts fresh: that waits for other machines, and nothing else waits for it.
async fn keep_contexts(broker: Arc<Broker>, heard: Shutdown) {
    let round = || async {
        if let Err(error) = broker.face().contexts.refresh().await {
            warn!(%error, "stored @contexts could not be looked after; trying again");
        }
    };
    in_rounds(heard, round).await;
}

/// Does something again and again until the city closes.
async fn in_rounds<Round: Future<Output = ()>>(mut heard: Shutdown, round: impl Fn() -> Round) {
    while !heard.is_begun() {
        tokio::select! {
            biased;
            () = heard.begun() => return,
            () = round() => {}
        }
        tokio::select! {
            () = heard.begun() => {}
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
    }
}

/// Our own endpoints, those of the blocks included: their APIs are merged here.
fn own_endpoints(
    config: &Config,
    registry: &Arc<Registry>,
    readiness: &Arc<Readiness>,
    (broker, history, extras): (&Arc<Broker>, &Arc<History>, &Extras),
    heard: &Shutdown,
) -> Api {
    let description = Arc::new(OnceLock::new());
    let api = own::endpoints(Arc::clone(registry), Arc::clone(readiness), Arc::clone(&description));
    let api = api.merge(machi_broker::http::api(Arc::clone(broker)));
    let api = api.merge(machi_history::http::api(Arc::clone(history)));
    let api = api.merge(machi_broker::http::live(Arc::clone(broker), heard.clone()));
    let doors = machi_broker::http::upserts(Arc::clone(broker));
    let doors = doors.merge(machi_history::http::many_evolutions(Arc::clone(history)));
    let api = api.merge(own::import::endpoints(doors, &config.limits, heard.clone()));
    let api = api.merge(extras.api());
    description.get_or_init(|| own::describe(api.operations()));
    api
}

/// The OpenAPI description of our own endpoints, as it is committed.
pub fn openapi_text() -> String {
    let store = machi_store::memory::MemoryStore::new(collections(), Arc::new(SystemClock));
    let client = Client::new(client_settings(&Config::default())).expect("the default settings name no file");
    let broker = broker(&Config::default(), Arc::new(store), client);
    let (registry, readiness) = (Arc::new(Registry::new()), Arc::new(Readiness::default()));
    let history = past::history(&Config::default(), broker.face(), Arc::new(MemoryArchive::default()));
    let extras = Extras::open(&Config::default(), broker.face(), &history);
    let extras = extras.expect("nothing that the default settings ask for can fail");
    let blocks = (&broker, &history, &extras);
    let api = own_endpoints(&Config::default(), &registry, &readiness, blocks, &machi_http::shutdown().1);
    own::describe(api.operations())
}

/// The bounds on connections.
pub fn server_limits(server: &ServerSection) -> ServerLimits {
    ServerLimits {
        connections: server.connections.get(),
        head_timeout: server.head_timeout,
        idle_timeout: server.idle_timeout,
        write_timeout: server.write_timeout,
        head_bytes: server.head_size.0 as usize,
        grace: server.shutdown_grace.0,
    }
}

fn edge_settings(config: &Config, peers: Peers) -> EdgeSettings {
    let server = &config.server;
    EdgeSettings {
        concurrency: server.requests.get(),
        share: config.tenants.share.get(),
        queue: server.queue as usize,
        queue_patience: server.queue_timeout,
        body_patience: server.body_timeout,
        body_bytes: server.bodies.0,
        answer_bytes: server.answers.0,
        always: own::ALWAYS.to_vec(),
        origins: origins(&server.origins, &config.source.url),
        gzip_from: server.gzip_from.0,
        slow: config.log.slow_request,
        peers,
    }
}

/// The sites of the configuration; where others reach this city is a name of it, too.
fn origins(named: &Origins, url: &str) -> Origins {
    Origins { hosts: host(url).map(str::to_owned).into_iter().collect(), ..named.clone() }
}

/// The host in a URL, with its port.
fn host(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', '?', '#']).next()
}

fn client_settings(config: &Config) -> ClientSettings {
    let Config { egress, subscriptions, .. } = config;
    ClientSettings {
        egress: Egress::allowing(egress.allow.clone()),
        authorities: egress.authorities.clone(),
        connect_patience: egress.connect_timeout,
        // Were fewer kept than are used at once, each burst would open new ones until no port is left.
        kept_per_host: egress.kept_connections.max(subscriptions.in_flight_per_host).get(),
        kept_for: egress.kept_for,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a feature adds is described by the golden files of its crate.
    #[cfg(not(feature = "sql"))]
    #[test]
    fn the_description_is_the_committed_one() {
        let golden = include_str!("../../../docs/api/openapi.json");
        assert_eq!(openapi_text(), golden, "refresh it with `cargo run -p machi -- openapi > docs/api/openapi.json`");
    }

    #[test]
    fn a_city_that_is_being_opened_asks_for_patience() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let registry = Arc::new(Registry::new());
            let edge = edge(&Config::default(), Peers::loopback_and(Vec::new()), &registry);
            let ask = async |path: &str| {
                let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
                let answer = edge.answer(request, None).await;
                (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
            };
            for path in ["/readyz", "/ngsi-ld/v1/types", "/machi/v1/tenants", "/"] {
                assert_eq!(ask(path).await, (503, true), "{path}");
            }
            for path in ["/healthz", "/metrics"] {
                assert_eq!(ask(path).await, (200, false), "{path}");
            }
            edge.open(Router::new().route("/readyz", axum::routing::get(async || "ready")), None);
            assert_eq!(ask("/readyz").await, (200, false));
        });
    }

    #[test]
    fn where_others_reach_the_city_is_a_name_of_it() {
        let named = origins(&Origins::any(), "https://city.example.jp:8443/api");
        assert_eq!((named.any, named.hosts), (true, vec!["city.example.jp:8443".to_owned()]));
        assert_eq!(origins(&Origins::any(), ""), Origins::any());
    }
}
