//! A check of the whole city finds what is not as it was written.

use std::sync::Arc;

use machi_store::{
    Change, Collection, CollectionSpec, Commit, Decision, Derive, Document, Facet, FacetValue, NameNo, Names,
    SectionKey, Store, Verified,
};
use machi_store_postgres::{Options, PostgresStore};
use machi_testkit::Postgres;
use machi_types::{SystemClock, TenantId};

const THINGS: Collection = Collection("things");

/// What somebody else does to the tables, and what is found.
const FAULTS: &[(&str, &str)] = &[
    ("DELETE FROM machi.facet WHERE no = 1200", "document 1200 of -/things"),
    ("UPDATE machi.facet SET number = 5 WHERE no = 7", "document 7 of -/things"),
    (
        "INSERT INTO machi.facet SELECT bucket, space, 5000, name, instance, 0 FROM machi.facet WHERE no = 3",
        "document 5000",
    ),
    ("UPDATE machi.document SET body = '\\x05' WHERE no = 9", "machi.document"),
    ("UPDATE machi.feed SET body = '\\x09' WHERE commit = 77", "machi.feed"),
    ("UPDATE machi.head SET commit = 3", "machi.head"),
];

const KEEP: &str = "CREATE TABLE public.facet AS TABLE machi.facet; CREATE TABLE public.document AS TABLE machi.document; \
    CREATE TABLE public.feed AS TABLE machi.feed; CREATE TABLE public.head AS TABLE machi.head";

const BRING_BACK: &str = "TRUNCATE machi.facet, machi.document, machi.feed, machi.head; \
    INSERT INTO machi.facet TABLE public.facet; INSERT INTO machi.document TABLE public.document; \
    INSERT INTO machi.feed TABLE public.feed; INSERT INTO machi.head TABLE public.head; \
    DROP TABLE public.facet, public.document, public.feed, public.head";

/// The head is the value of a number.
#[derive(Debug)]
struct Number;

impl Derive for Number {
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let number = std::str::from_utf8(head).unwrap_or_default().parse().unwrap_or_default();
        facet(Facet { name: names.intern("n"), instance: NameNo::NONE, value: FacetValue::Number(number) });
    }

    fn section(&self, _: &dyn Names, _: SectionKey, _: &[u8], _: &mut dyn FnMut(Facet<'_>)) {}
}

async fn store(address: &str) -> PostgresStore {
    let things = CollectionSpec { collection: THINGS, derive: Arc::new(Number) };
    PostgresStore::open(&Options::new(address), vec![things], Arc::new(SystemClock)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_written_by_the_city_is_found() {
    let server = Postgres::start();
    let address = server.database();
    let name = address.rsplit('=').next().unwrap();
    let store = store(&address).await;
    for number in 0..1500 {
        let head = move || Change { head: Some(number.to_string().into()), ..Change::default() };
        let decide = move |_: Option<&Document>| Ok(Decision::Change(head()));
        let id = format!("thing{number}");
        store.commit(Commit::new(TenantId::default_tenant()).with(THINGS, id.as_str().into(), decide)).await.unwrap();
    }
    assert_eq!(store.verify().await.unwrap(), Verified { documents: 1500, commits: 1500, facets: 1500 });
    for (fault, told) in FAULTS {
        run(&server, name, &format!("BEGIN; {KEEP}; {fault}; COMMIT"));
        let found = store.verify().await.unwrap_err().to_string();
        assert!(found.contains(told), "{fault}: {found}");
        run(&server, name, &format!("BEGIN; {BRING_BACK}; COMMIT"));
    }
    assert_eq!(store.verify().await.unwrap().facets, 1500);
}

fn run(server: &Postgres, database: &str, sql: &str) {
    let done = server.client("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
