//! The embedded engine alone: writes against the bare engine below, finds over a million documents,
//! restart, memory and bytes on disk.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use machi_bench::ceiling::bare_engine;
use machi_bench::names::mix;
use machi_store::{
    Change, Collection, CollectionSpec, Commit, Condition, Decision, Derive, Document, Facet, FacetValue, Filter, Find,
    GeoCondition, GeoRelation, Instances, NameNo, Names, Order, OrderBy, Range, Refusal, SectionKey, SetSection, Stamp,
    Store, Test, TextCondition,
};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::geo::Geometry;
use machi_types::{Name, SystemClock, TenantId};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const THINGS: Collection = Collection("things");

/// Reads a body of one tag byte and a value: `n` a number in text, `t` a text, `g` two numbers, `l` a link.
#[derive(Debug)]
struct Tagged;

impl Derive for Tagged {
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let tag = names.intern(std::str::from_utf8(head).unwrap_or_default());
        facet(Facet { name: names.intern("@type"), instance: NameNo::NONE, value: FacetValue::Tag(tag) });
    }

    fn section(&self, _: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let mut tell = |value: FacetValue<'_>| facet(Facet { name: key.name, instance: key.instance, value });
        tell(FacetValue::Exists);
        let text = std::str::from_utf8(body).unwrap_or_default().trim_end();
        let Some((kind, value)) = text.split_at_checked(1) else { return };
        match kind {
            "n" => tell(FacetValue::Number(value.parse().unwrap_or_default())),
            "t" => tell(FacetValue::Text(value)),
            "l" => tell(FacetValue::Link(value)),
            _ => {
                let (x, y) = value.split_once(' ').unwrap_or(("0", "0"));
                if let Ok(place) = Geometry::point(x.parse().unwrap_or_default(), y.parse().unwrap_or_default()) {
                    tell(FacetValue::Geometry(&place));
                }
            }
        }
    }
}

fn id(n: u64) -> Name {
    Name::from(format!("urn:ngsi-ld:Sensor:{:016x}:{n}", mix(n)))
}

struct Shape {
    keys: Vec<SectionKey>,
}

impl Shape {
    fn new(store: &dyn Store) -> Self {
        let name = |n: usize| {
            let name = store.names().intern(&format!("https://example.org/vocabulary/attribute{n}"));
            SectionKey::new(name, NameNo::NONE)
        };
        Self { keys: (0..6).map(name).collect() }
    }

    /// Six attributes, about 600 bytes with names, a point among them.
    fn change(&self, n: u64, round: u64) -> Change {
        let random = mix(n + round * 7_777_777);
        let padded = |text: String| format!("{text:60}");
        let bodies = [
            padded(format!("n{}", random % 100_000)),
            padded(format!("tname of sensor {n}")),
            padded(format!("tstatus{}", random % 3)),
            padded(format!(
                "g{} {}",
                135.0 + (mix(n) % 20_000) as f64 / 10_000.0,
                35.0 + (mix(n + 1) % 20_000) as f64 / 10_000.0
            )),
            padded(format!("lurn:ngsi-ld:Room:{}", n % 10_000)),
            padded(format!("n{}", random % 2)),
        ];
        let set = self.keys.iter().zip(bodies).map(|(key, body)| SetSection {
            key: *key,
            body: Bytes::from(body),
            created: Stamp::Keep,
        });
        Change { head: Some(Bytes::from(format!("Type{}", n % 10))), set: set.collect(), ..Change::default() }
    }
}

fn resident_megabytes(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find(|line| line.starts_with("write_bytes")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn open(folder: &Path) -> Arc<EmbeddedStore> {
    let spec = CollectionSpec { collection: THINGS, derive: Arc::new(Tagged) };
    let store = EmbeddedStore::open(folder, vec![spec], Arc::new(SystemClock), Options::default());
    Arc::new(store.expect("the folder opens"))
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

async fn load(store: &Arc<EmbeddedStore>, shape: &Arc<Shape>, count: u64, round: u64) -> f64 {
    let started = Instant::now();
    // Two requests under way, as a client with two connections would have them.
    let mut under_way = tokio::task::JoinSet::new();
    for batch in 0..count / 1000 {
        if under_way.len() >= 2 {
            under_way.join_next().await;
        }
        let (store, shape) = (Arc::clone(store), Arc::clone(shape));
        under_way.spawn(async move {
            let mut commit = Commit::new(tenant());
            for n in batch * 1000..(batch + 1) * 1000 {
                let mut change = Some(shape.change(n, round));
                let shape = Arc::clone(&shape);
                let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
                    Ok(Decision::Change(change.take().unwrap_or_else(|| shape.change(n, round))))
                };
                commit = commit.with(THINGS, id(n), decide);
            }
            store.commit(commit).await.expect("the commit is taken");
        });
    }
    while under_way.join_next().await.is_some() {}
    count as f64 / started.elapsed().as_secs_f64()
}

async fn patch(store: Arc<EmbeddedStore>, shape: Arc<Shape>, count: u64, range: u64, seed: u64) {
    for n in 0..count {
        let target = mix(n ^ (seed << 40)) % range;
        let key = shape.keys[0];
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
            let body = Bytes::from(format!("{:60}", format!("n{}", n % 1000)));
            let set = vec![SetSection { key, body, created: Stamp::Keep }];
            Ok(Decision::Change(Change { set, ..Change::default() }))
        };
        store.commit(Commit::new(tenant()).with(THINGS, id(target), decide)).await.expect("taken");
    }
}

async fn patch_rate(store: &Arc<EmbeddedStore>, shape: &Arc<Shape>, writers: u64, each: u64, range: u64) -> (f64, u64) {
    let (started, written) = (Instant::now(), written_bytes());
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        tasks.spawn(patch(Arc::clone(store), Arc::clone(shape), each, range, writer));
    }
    while tasks.join_next().await.is_some() {}
    let all = writers * each;
    (all as f64 / started.elapsed().as_secs_f64(), (written_bytes() - written) / all)
}

async fn ask(store: &EmbeddedStore, what: &str, filter: Filter, order: Vec<Order>, count: bool) {
    let mut times = Vec::new();
    let mut rows = 0;
    for _ in 0..40 {
        let mut find = Find::new(tenant(), THINGS, filter.clone());
        find.order.clone_from(&order);
        find.limit = 20;
        let started = Instant::now();
        let view = store.view();
        rows = match count {
            true => view.count(find).await.expect("counted"),
            false => view.find(find).await.expect("found").rows.len() as u64,
        };
        times.push(started.elapsed());
    }
    times.sort();
    println!("  {what:44} p50 {:>9.3?}  p95 {:>9.3?}  rows {rows}", times[20], times[37]);
}

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(run(count));
}

async fn run(count: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let (ceiling_new, ceiling_old) = bare_engine(&folder.path().join("bare"), count, Duration::ZERO);
    println!("bare engine, one 600-byte value each: new {ceiling_new:.0}/s, existing {ceiling_old:.0}/s");
    let path = folder.path().join("store");
    let store = open(&path);
    let shape = Arc::new(Shape::new(&*store));
    let new = load(&store, &shape, count, 0).await;
    let old = load(&store, &shape, count, 1).await;
    println!(
        "six sections, all facets: new {new:.0}/s ({:.0}%), existing {old:.0}/s ({:.0}%)",
        100.0 * new / ceiling_new,
        100.0 * old / ceiling_old
    );
    println!("resident {} MB, peak {} MB", resident_megabytes("VmRSS"), resident_megabytes("VmHWM"));
    for (writers, each) in [(1, 3000), (2, 3000), (64, 2000)] {
        let (rate, bytes) = patch_rate(&store, &shape, writers, each, count.min(100_000)).await;
        println!("one section, {writers} writers: {rate:.0}/s, {bytes} bytes written each");
    }
    queries(&store, &shape).await;
    println!("resident {} MB, peak {} MB", resident_megabytes("VmRSS"), resident_megabytes("VmHWM"));
    let started = Instant::now();
    drop(store);
    println!("closed in {:?}", started.elapsed());
    let started = Instant::now();
    let store = open(&path);
    println!("opened in {:?}", started.elapsed());
    let found = store.view().count(Find::new(tenant(), THINGS, Filter::All)).await.expect("counted");
    assert_eq!(found, count);
}

async fn queries(store: &EmbeddedStore, shape: &Shape) {
    let test =
        |n: usize, condition| Filter::Test(Test { name: shape.keys[n].name, instances: Instances::Any, condition });
    let number = |n, low: f64, high: f64| {
        test(n, Condition::Number(Range { low: Bound::Included(low), high: Bound::Included(high) }))
    };
    let text = |text: &str| Condition::Text(TextCondition::Range(Range::exactly(text.into())));
    let tag = |store: &EmbeddedStore| {
        Filter::Test(Test {
            name: store.names().intern("@type"),
            instances: Instances::Any,
            condition: Condition::Tag(store.names().intern("Type3")),
        })
    };
    ask(store, "type", tag(store), vec![], false).await;
    ask(store, "type and equal text, 1 match", tag(store).and(test(1, text("name of sensor 500003"))), vec![], false)
        .await;
    ask(store, "equal text, 1 match", test(1, text("name of sensor 500003")), vec![], false).await;
    ask(store, "equal text, a third match", test(2, text("status1")), vec![], false).await;
    ask(store, "count of a third", test(2, text("status1")), vec![], true).await;
    ask(store, "number range of 10", number(0, 500.0, 500.0), vec![], false).await;
    ask(store, "two halves", number(0, 0.0, 50_000.0).and(number(5, 1.0, 1.0)), vec![], true).await;
    ask(store, "not exists", Filter::Not(Box::new(test(0, Condition::Exists))), vec![], false).await;
    let place = Geometry::point(135.5, 35.5).expect("a place");
    let near = |most| {
        Condition::Geometry(Arc::new(GeoCondition {
            relation: GeoRelation::Near { least: None, most: Some(most) },
            geometry: place.clone(),
        }))
    };
    ask(store, "near 1 km", test(3, near(1000.0)), vec![], false).await;
    ask(store, "near 10 km, counted", test(3, near(10_000.0)), vec![], true).await;
    let by = |n: usize, descending| {
        vec![Order { by: OrderBy::Facet { name: shape.keys[n].name, instances: Instances::Any }, descending }]
    };
    ask(store, "half by number", number(5, 1.0, 1.0), by(0, false), false).await;
    ask(store, "half by text, descending", number(5, 1.0, 1.0), by(1, true), false).await;
    let distance = vec![Order {
        by: OrderBy::Distance { name: shape.keys[3].name, instances: Instances::Any, from: place.clone() },
        descending: false,
    }];
    ask(store, "near 10 km by distance", test(3, near(10_000.0)), distance, false).await;
    ask(store, "links to one of 10,000", test(4, Condition::Link(vec!["urn:ngsi-ld:Room:77".into()])), vec![], false)
        .await;
}
