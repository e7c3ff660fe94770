//! Every setting of a city: one line each.
#![allow(
    rustdoc::bare_urls,
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "the explanations are written for the example file, which is TOML"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use machi_history_bucket::Place;
use machi_http::client::Cidr;
use machi_http::edge::Origins;
use machi_types::Iri;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::section::section;
use super::setting::{ByteSize, Depth, LogFilter, LogFormat, ShortTime};

const fn count(number: usize) -> NonZeroUsize {
    match NonZeroUsize::new(number) {
        Some(count) => count,
        None => NonZeroUsize::MIN,
    }
}

section! {
    /// How the city is reached, and what it endures from its clients.
    [server] ServerSection {
        /// Where to listen; port 0 takes any free one. The option --listen overrides it.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// Sites whose pages may use the city from a browser, such as "https://portal.example.jp"; "*" lets the pages of
        /// all sites use the NGSI-LD API, and nothing else. The hosts of the named sites count as names of the city.
        origins: Origins = Origins::any();
        /// Open connections; more wait until one closes.
        connections: NonZeroUsize = count(16_384);
        /// Requests at work at once; more wait for their turn.
        requests: NonZeroUsize = count(512);
        /// Requests that may wait for their turn; more are answered 503 at once.
        queue: u64 = 4096;
        /// How long a request may wait for its turn before it is answered 503.
        queue_timeout: Duration = Duration::from_secs(10);
        /// Bytes of large bodies in memory at once; more wait for their turn. As many again may have come of bodies
        /// that come slowly and have no turn yet; beyond that the slowest are answered 503.
        bodies: ByteSize = ByteSize(256 << 20);
        /// Bytes of large answers that clients have not read yet; further large ones are answered 503.
        answers: ByteSize = ByteSize(256 << 20);
        /// How long the head of a request may take.
        head_timeout: Duration = Duration::from_secs(10);
        /// The most bytes of a request's head: its address and headers, with the empty line that ends them. An address
        /// has at most 65,534 bytes, whatever is set here.
        head_size: ByteSize = ByteSize(64 << 10);
        /// How long a body may stand still; a small one must be complete by then.
        body_timeout: Duration = Duration::from_secs(30);
        /// How long a connection may rest between requests (it is closed after one to two times this).
        idle_timeout: Duration = Duration::from_mins(1);
        /// How long a client may leave an answer unread.
        write_timeout: Duration = Duration::from_secs(30);
        /// How long requests at work may go on when the city closes, at most 10 min; the whole end takes at most a second
        /// more.
        shutdown_grace: ShortTime = ShortTime(Duration::from_secs(4));
        /// Answers from this size on are sent with gzip to clients that take it.
        gzip_from: ByteSize = ByteSize(2 << 10);
    }
}

section! {
    /// What is written to standard error (docs/logging.md).
    [log] LogSection {
        /// Which lines are written: a level (error, warn, info, debug, trace), or levels by target, such as
        /// "info,machi::access=debug", which also writes a line for each request.
        filter: LogFilter = LogFilter(Targets::new().with_default(LevelFilter::INFO));
        /// "text" for people, "json" for machines.
        format: LogFormat = LogFormat::Text;
        /// Requests that take longer are written as a warning.
        slow_request: Duration = Duration::from_secs(1);
    }
}

section! {
    /// Tenants: rooms of one city, or of several, kept apart in everything.
    [tenants] TenantsSection {
        /// Whether the first write to a new tenant makes it; otherwise such a write is answered 404.
        create: bool = true;
        /// Requests of one tenant at work at once while other tenants ask too, fewer while the processors are busy; a
        /// request weighs one more for each 64 KiB of its body, and at most as much as the whole share. A tenant alone
        /// may use all of the city.
        share: NonZeroUsize = count(8);
    }
}

section! {
    /// How much one request may ask for. What lies beyond is answered with an error that names the limit.
    [limits] LimitsSection {
        /// The longest body of a request for one thing.
        body: ByteSize = ByteSize(4 << 20);
        /// The longest body of a batch.
        batch_body: ByteSize = ByteSize(256 << 20);
        /// The most entities in a batch.
        batch_entities: NonZeroUsize = count(100_000);
        /// How deep JSON may nest; at most 128.
        depth: Depth = Depth(64);
        /// The most attributes of an entity, each instance of each dataset counted.
        attributes: NonZeroUsize = count(10_000);
        /// Elements on a page where the client names no limit; at most largest_page.
        page: NonZeroUsize = count(20);
        /// The most elements on a page.
        largest_page: NonZeroUsize = count(1000);
        /// Instances, or periods, in an answer about the past; what is more is cut in time, and a link leads on.
        instances: NonZeroUsize = count(10_000);
        /// The farthest offset; links to the next page lead on without such a bound.
        largest_offset: u64 = 10_000;
        /// Entities that one query may read beyond those that it returns.
        query_reads: u64 = 50_000;
        /// How long one query may take.
        query_time: Duration = Duration::from_secs(5);
        /// Entities that a tile of the map shows one by one; where there are more, they are clustered.
        tile_features: NonZeroUsize = count(2000);
        /// The same from zoom 16 on, where a map looks no closer.
        tile_features_deepest: NonZeroUsize = count(10_000);
        /// A batch up to this size is checked as JSON in whole before anything of it is done.
        batch_checked: ByteSize = ByteSize(2 << 20);
        /// The longest file of an import over HTTP.
        import_body: ByteSize = ByteSize(4 << 30);
        /// The most bytes of rejected rows in the report of such an import; further ones are counted.
        import_report: ByteSize = ByteSize(4 << 20);
        /// Such imports at once; a tenant has at most as many as it leaves free to the others.
        imports: NonZeroUsize = count(16);
        /// How long an answer is kept for requests that repeat its Idempotency-Key.
        answers_kept: Duration = Duration::from_hours(24);
    }
}

section! {
    /// JSON-LD contexts of other servers: loaded once, kept, and used when their server is away.
    [contexts] ContextsSection {
        /// Whether contexts are loaded from the network at all.
        fetch: bool = true;
        /// How long loading one document may take.
        timeout: Duration = Duration::from_secs(10);
        /// The largest document.
        document: ByteSize = ByteSize(8 << 20);
        /// How many documents may include one another in a chain.
        chain: NonZeroUsize = count(10);
        /// How many documents one context may include, each counted as often as it is included.
        documents: NonZeroUsize = count(100);
        /// How many terms one context may define, each counted as often as it is applied.
        terms: NonZeroUsize = count(200_000);
        /// Memory for resolved contexts; beyond it, those that are used least are resolved anew.
        held: ByteSize = ByteSize(128 << 20);
        /// How long a copy is fresh when its server does not say.
        fresh: Duration = Duration::from_hours(24);
        /// How long a failure to load is remembered before the next try.
        retry: Duration = Duration::from_secs(30);
        /// Copies that are stored; the one unused for longest gives way.
        stored: NonZeroUsize = count(10_000);
        /// Contexts that one tenant may have served here: those that it added, and those made for its subscriptions.
        hosted: NonZeroUsize = count(1000);
    }
}

section! {
    /// How this city names itself to other context sources.
    [source] SourceSection {
        /// The id of this context source.
        id: Iri = "urn:ngsi-ld:ContextSource:machi".parse().expect("it is an IRI");
        /// The alias by which loops between sources are recognised.
        alias: String = "machi".to_owned();
        /// Where others reach this city, such as "https://city.example.jp"; empty: what the request's Host says.
        url: String = String::new();
    }
}

section! {
    /// Subscriptions: how notifications are sent, held back, repeated and given up.
    [subscriptions] SubscriptionsSection {
        /// Notifications under way at once.
        in_flight: NonZeroUsize = count(512);
        /// Notifications under way at once to one machine.
        in_flight_per_host: NonZeroUsize = count(64);
        /// Notifications under way at once to one address; one that is slow gets less.
        in_flight_per_endpoint: NonZeroUsize = count(16);
        /// Notifications in memory that are not delivered or written down yet; the feed is read no further beyond.
        held: NonZeroUsize = count(20_000);
        /// How long a receiver has to answer where its subscription names no time.
        timeout: Duration = Duration::from_secs(5);
        /// The longest time that a subscription may name.
        longest_timeout: Duration = Duration::from_mins(1);
        /// How long a notification waits in memory for a machine in trouble before it is written down.
        park_after: Duration = Duration::from_secs(1);
        /// The first rest after a failure; each further one is twice as long.
        rest: Duration = Duration::from_millis(500);
        /// The longest rest.
        longest_rest: Duration = Duration::from_mins(1);
        /// How often a notification is tried before it becomes a dead letter.
        attempts: NonZeroUsize = count(10);
        /// How old a notification may be that is still tried again.
        give_up_after: Duration = Duration::from_hours(24);
        /// How long dead letters are kept.
        dead_letters_kept: Duration = Duration::from_hours(7 * 24);
        /// The most entities in one notification; what is due beyond comes in further ones.
        entities: NonZeroUsize = count(100);
        /// How often it is written down how far everything is delivered: what may be sent twice after a crash.
        place_saved: Duration = Duration::from_secs(1);
        /// How often the numbers of subscriptions (timesSent and the like) are written down.
        figures_saved: Duration = Duration::from_secs(10);
        /// Readers of the live feed at once.
        live_readers: u64 = 200;
    }
}

section! {
    /// Requests that the city sends: to contexts, and to receivers of notifications.
    [egress] EgressSection {
        /// Inside networks that may be reached, such as ["10.20.0.0/16"]; the public internet always may.
        /// The option --egress-allow adds to it.
        allow: Vec<Cidr> = Vec::new();
        /// A PEM file with certification authorities to trust beside the public ones.
        authorities: Option<PathBuf> = None;
        /// How long another machine has to take a connection.
        connect_timeout: Duration = Duration::from_secs(5);
        /// Connections to one receiver that are kept for the next notification; at least in_flight_per_host of the
        /// section subscriptions are kept.
        kept_connections: NonZeroUsize = count(16);
        /// How long they are kept.
        kept_for: Duration = Duration::from_secs(30);
    }
}

section! {
    /// The past: every change of an entity is kept, and told by the temporal API.
    [history] HistorySection {
        /// Memory for changes that are not archived yet; when it is full they are archived at once.
        memory: ByteSize = ByteSize(2 << 20);
        /// How long changes wait in memory at most before they are archived. A restart reads again those that waited.
        archive_after: Duration = Duration::from_mins(10);
        /// How often archived files are put in order: small ones merged, those that nobody needs removed.
        upkeep: Duration = Duration::from_mins(1);
        /// How long files that were merged into others stay, for those who still read them.
        files_kept: Duration = Duration::from_hours(1);
        /// Memory for what tells where in the archived files something lies.
        cache: ByteSize = ByteSize(64 << 20);
        /// An S3-compatible bucket for the archived files, such as "s3://city/history"; "" for the folder of the city.
        bucket: Option<Place> = None;
        /// The address of the bucket's service, such as "https://s3.example.jp"; "" for that of Amazon in the region.
        endpoint: String = String::new();
        /// The region of the bucket.
        region: String = "us-east-1".to_owned();
        /// A file with the lines aws_access_key_id = KEY and aws_secret_access_key = SECRET; without one, the variables
        /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment count.
        credentials: Option<PathBuf> = None;
    }
}

section! {
    /// SQL: read-only queries over the entities and their past, in programs built with it (make up FEATURES=sql).
    [sql] SqlSection {
        /// Where to listen for clients of PostgreSQL, such as "127.0.0.1:5432"; port 0 takes any free one, and "" none.
        /// There is no sign-in: whoever may ask by HTTP may ask here.
        address: Option<SocketAddr> = None;
        /// Connections of such clients at once; more are refused.
        connections: NonZeroUsize = count(64);
        /// Memory that one query may take for what it groups, joins and sorts.
        memory: ByteSize = ByteSize(256 << 20);
        /// How long one query may take, with its answer.
        time: Duration = Duration::from_mins(1);
        /// The most rows of an answer.
        rows: u64 = 10_000_000;
        /// Queries at once; more wait for their turn.
        queries: NonZeroUsize = count(4);
        /// Threads on which all of them run; they stand back behind those that answer other requests.
        threads: NonZeroUsize = count(2);
    }
}

section! {
    /// Where the city's data lies.
    [store] StoreSection {
        /// The folder, made where it is missing. The option --data overrides it.
        path: PathBuf = PathBuf::from("machi-data");
        /// A database of PostgreSQL with PostGIS instead, such as "postgres://machi:secret@db.example.jp/city"; "" for the
        /// folder, which else holds what belongs to one process, and the city's past.
        url: String = String::new();
        /// Connections to the database at most.
        connections: NonZeroUsize = count(32);
        /// Memory for data that was read or written lately.
        cache: ByteSize = ByteSize(96 << 20);
        /// Memory for entities as JSON, as they were written for earlier readers.
        rendered: ByteSize = ByteSize(96 << 20);
    }
}
