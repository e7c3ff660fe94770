//! The laws of the port, each told as a small story.

use std::ops::Bound;
use std::sync::Arc;

use machi_types::{FixedClock, Name, TenantId, Timestamp};

use super::Open;
use super::shapes::{THINGS, change, collections, key};
use crate::{
    ChangeKind, Commit, Decision, Document, Filter, Find, Note, Outcome, Position, Receipt, Refusal, Restored, Seen,
    Store, Term, TermKind,
};

pub(super) async fn run(open: &impl Open) {
    let clock = Arc::new(FixedClock::new(Timestamp::from_micros(1_000_000)));
    let store = open.open(collections(), Arc::clone(&clock) as _).await;
    what_is_written_is_read_at_once(&*store).await;
    only_named_sections_are_touched(&*store).await;
    a_refusal_touches_nothing(&*store).await;
    all_or_nothing_means_it(&*store).await;
    the_same_id_twice_in_one_commit_builds_up(&*store).await;
    tenants_do_not_see_each_other(&*store).await;
    a_view_does_not_move(&*store).await;
    the_feed_tells_old_and_new_in_order(&*store).await;
    time_never_goes_back(&*store, &clock).await;
    many_writers_of_one_document_all_succeed(&store).await;
    an_erased_tenant_is_gone_and_can_come_again(&*store).await;
    deleting_and_creating_again_starts_afresh(&*store).await;
    large_documents_change_in_parts(&*store).await;
    documents_of_thousands_of_sections_change_in_parts(&*store).await;
    what_is_restored_has_the_times_that_it_had(&*store).await;
    a_note_is_never_of_what_was(&*store).await;
}

fn tenant(name: &str) -> TenantId {
    name.parse().expect("the suite's tenants are well named")
}

async fn set(store: &dyn Store, tenant_name: &str, id: &str, head: Option<&str>, sections: &[(&str, &str)]) -> Receipt {
    let sections: Vec<(String, String)> = sections.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let head = head.map(str::to_owned);
    let make = change(store, head.as_deref(), &sections);
    let mut made = Some(make);
    let names: Vec<(crate::SectionKey, bytes::Bytes)> =
        made.as_ref().map(|c| c.set.iter().map(|s| (s.key, s.body.clone())).collect()).unwrap_or_default();
    let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
        let again = || crate::Change {
            head: head.clone().map(bytes::Bytes::from),
            set: names
                .iter()
                .map(|(key, body)| crate::SetSection { key: *key, body: body.clone(), created: crate::Stamp::Keep })
                .collect(),
            ..crate::Change::default()
        };
        Ok(Decision::Change(made.take().unwrap_or_else(again)))
    };
    let commit = Commit::new(tenant(tenant_name)).with(THINGS, Name::from(id), decide);
    store.commit(commit).await.expect("the commit is taken")
}

async fn delete(store: &dyn Store, tenant_name: &str, id: &str) -> Receipt {
    let decide = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Delete) };
    store.commit(Commit::new(tenant(tenant_name)).with(THINGS, Name::from(id), decide)).await.expect("taken")
}

async fn read(store: &dyn Store, tenant_name: &str, id: &str) -> Option<Arc<Document>> {
    store.view().document(&tenant(tenant_name), THINGS, id).await.expect("the document can be read")
}

fn body(store: &dyn Store, document: &Document, attribute: &str) -> Option<String> {
    let section = document.section(key(store, attribute))?;
    Some(String::from_utf8_lossy(&section.body).into_owned())
}

async fn now(store: &dyn Store) -> Position {
    store.view().position().await.expect("a view tells where it is")
}

async fn has_tenant(store: &dyn Store, name: &str) -> bool {
    store.has_tenant(&tenant(name)).await.expect("a store tells which tenants it has")
}

async fn what_is_written_is_read_at_once(store: &dyn Store) {
    let receipt = set(store, "one", "urn:a", Some("room"), &[("temperature", "n 21.5")]).await;
    assert!(matches!(receipt.outcomes[..], [Outcome::Created { .. }]));
    let document = read(store, "one", "urn:a").await.expect("it is there");
    assert_eq!(&*document.id, "urn:a");
    assert_eq!(&document.head[..], b"room");
    assert_eq!(body(store, &document, "temperature").as_deref(), Some("n 21.5"));
    assert_eq!(document.created, receipt.time);
    assert_eq!(document.modified, receipt.time);
    assert!(read(store, "one", "urn:b").await.is_none());
}

async fn what_is_restored_has_the_times_that_it_had(store: &dyn Store) {
    let time = |second: i64| Timestamp::from_micros(second * 1_000_000);
    let section = crate::Section {
        key: key(store, "temperature"),
        created: time(-5),
        modified: time(-3),
        body: bytes::Bytes::from_static(b"n 21.5"),
    };
    let old = Restored {
        head: bytes::Bytes::from_static(b"room"),
        created: time(-7),
        modified: time(-2),
        sections: vec![section.clone()],
    };
    let restore = |id: &str| {
        let old = old.clone();
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Restore(old.clone())) };
        store.commit(Commit::new(tenant("restored")).with(THINGS, Name::from(id), decide))
    };
    let receipt = restore("urn:old").await.expect("the commit is taken");
    assert!(matches!(receipt.outcomes[..], [Outcome::Created { .. }]));
    let document = read(store, "restored", "urn:old").await.expect("it is there");
    assert_eq!((document.created, document.modified), (time(-7), time(-2)));
    assert_eq!((&document.head[..], &document.sections), (&b"room"[..], &vec![section]));
    let before = |second| crate::Range { low: Bound::Unbounded, high: Bound::Excluded(time(second)) };
    for (name, range, expected) in
        [(crate::NameNo::CREATED, -7, 0), (crate::NameNo::CREATED, -6, 1), (crate::NameNo::MODIFIED, -1, 1)]
    {
        let condition = crate::Condition::Time(before(range));
        let filter = Filter::Test(crate::Test { name, instances: crate::Instances::Any, condition });
        let found = store.view().find(Find::new(tenant("restored"), THINGS, filter)).await.expect("it is answered");
        assert_eq!(found.rows.len(), expected, "{range}");
    }
    let changed = set(store, "restored", "urn:old", None, &[("b", "n 1")]).await;
    let document = read(store, "restored", "urn:old").await.expect("it is there");
    assert_eq!((document.created, document.modified), (time(-7), changed.time));
    let receipt = restore("urn:old").await.expect("the commit is taken");
    assert!(matches!(receipt.outcomes[..], [Outcome::Kept]));
    assert_eq!(read(store, "restored", "urn:old").await.expect("it is there").modified, changed.time);
}

async fn only_named_sections_are_touched(store: &dyn Store) {
    let first = set(store, "one", "urn:touch", Some("room"), &[("a", "n 1"), ("b", "n 2")]).await;
    let second = set(store, "one", "urn:touch", None, &[("b", "n 3"), ("b@x", "n 4")]).await;
    let document = read(store, "one", "urn:touch").await.expect("it is there");
    let times = |attribute: &str| {
        let section = document.section(key(store, attribute)).expect("the section is there");
        (section.created, section.modified)
    };
    assert_eq!(times("a"), (first.time, first.time));
    assert_eq!(times("b"), (first.time, second.time));
    assert_eq!(times("b@x"), (second.time, second.time));
    assert_eq!((document.created, document.modified), (first.time, second.time));
    assert_eq!(&document.head[..], b"room");
}

async fn a_refusal_touches_nothing(store: &dyn Store) {
    let refuse = |_: Option<&Document>| -> Result<Decision, Refusal> { Err("no".into()) };
    let commit = Commit::new(tenant("one")).with(THINGS, "urn:refused".into(), refuse);
    let receipt = store.commit(commit).await.expect("the commit itself is taken");
    assert!(matches!(&receipt.outcomes[..], [Outcome::Refused(why)] if why.to_string() == "no"));
    assert!(read(store, "one", "urn:refused").await.is_none());
}

async fn all_or_nothing_means_it(store: &dyn Store) {
    let create = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Change(crate::Change::default())) };
    let refuse = |_: Option<&Document>| -> Result<Decision, Refusal> { Err("no".into()) };
    let mut commit =
        Commit::new(tenant("one")).with(THINGS, "urn:all".into(), create).with(THINGS, "urn:none".into(), refuse);
    commit.all_or_nothing = true;
    let receipt = store.commit(commit).await.expect("the commit itself is taken");
    assert!(matches!(receipt.outcomes[..], [Outcome::NotTried, Outcome::Refused(_)]));
    assert!(read(store, "one", "urn:all").await.is_none());
}

async fn the_same_id_twice_in_one_commit_builds_up(store: &dyn Store) {
    let count = |current: Option<&Document>| -> Result<Decision, Refusal> {
        let head = format!("{}x", current.map_or_else(String::new, |d| String::from_utf8_lossy(&d.head).into_owned()));
        Ok(Decision::Change(crate::Change { head: Some(head.into()), ..crate::Change::default() }))
    };
    let commit = Commit::new(tenant("one")).with(THINGS, "urn:twice".into(), count);
    let commit = commit.with(THINGS, "urn:twice".into(), count).with(THINGS, "urn:twice".into(), count);
    let receipt = store.commit(commit).await.expect("taken");
    assert!(matches!(
        receipt.outcomes[..],
        [Outcome::Created { .. }, Outcome::Changed { .. }, Outcome::Changed { .. }]
    ));
    let document = read(store, "one", "urn:twice").await.expect("it is there");
    assert_eq!(&document.head[..], b"xxx");
}

async fn tenants_do_not_see_each_other(store: &dyn Store) {
    set(store, "one", "urn:mine", Some("room"), &[("a", "n 1")]).await;
    assert!(!has_tenant(store, "two").await);
    assert!(read(store, "two", "urn:mine").await.is_none());
    set(store, "two", "urn:theirs", Some("room"), &[("a", "n 1")]).await;
    assert!(has_tenant(store, "two").await);
    let found = store.view().find(Find::new(tenant("two"), THINGS, Filter::All)).await.expect("found");
    let ids: Vec<&str> = found.rows.iter().map(|row| &*row.document.id).collect();
    assert_eq!(ids, ["urn:theirs"]);
    let statuses = store.tenants().await.expect("listed");
    let two = statuses.iter().find(|status| status.tenant == tenant("two")).expect("it is listed");
    assert_eq!(two.documents, [(Name::from(THINGS.0), 1)]);
    assert!(two.bytes > 0);
    let terms = store.view().terms(&tenant("two"), THINGS).await.expect("listed");
    let tag = |name: &str, kind| Term { name: name.into(), instance: "".into(), kind, documents: 1 };
    assert_eq!(terms, [tag("@tag", TermKind::Tag("room".into())), tag("a", TermKind::Exists)]);
}

async fn a_view_does_not_move(store: &dyn Store) {
    set(store, "one", "urn:still", None, &[("a", "n 1")]).await;
    let view = store.view();
    let at = view.position().await.expect("told");
    for round in 2..40 {
        set(store, "one", "urn:still", None, &[("a", &format!("n {round}"))]).await;
    }
    let then = view.document(&tenant("one"), THINGS, "urn:still").await.expect("read").expect("it is there");
    assert_eq!(body(store, &then, "a").as_deref(), Some("n 1"));
    delete(store, "one", "urn:still").await;
    let again = view.document(&tenant("one"), THINGS, "urn:still").await.expect("read");
    assert_eq!(again.as_deref(), Some(&*then));
    let past = store.view_at(&at).await.expect("the position is kept while a view holds it");
    let past = past.document(&tenant("one"), THINGS, "urn:still").await.expect("read");
    assert_eq!(past.as_deref(), Some(&*then));
    assert!(read(store, "one", "urn:still").await.is_none());
}

async fn the_feed_tells_old_and_new_in_order(store: &dyn Store) {
    let start = now(store).await;
    set(store, "one", "urn:fed", Some("room"), &[("a", "n 1")]).await;
    set(store, "one", "urn:fed", None, &[("a", "n 2"), ("b", "n 3")]).await;
    delete(store, "one", "urn:fed").await;
    store.changed(&start).await.expect("it has changed");
    let mut told = Vec::new();
    let mut at = start;
    loop {
        let (entries, next) = store.feed(&at, 1).await.expect("the feed can be read");
        if entries.is_empty() {
            break;
        }
        told.extend(entries);
        at = next;
    }
    let kinds: Vec<ChangeKind> = told.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [ChangeKind::Created, ChangeKind::Changed, ChangeKind::Deleted]);
    assert!(told.windows(2).all(|pair| pair[0].commit < pair[1].commit && pair[0].time < pair[1].time));
    let changed = &told[1].sections;
    assert_eq!(changed.len(), 2);
    let text = |section: &Option<crate::Section>| {
        section.as_ref().map(|section| String::from_utf8_lossy(&section.body).into_owned())
    };
    assert_eq!((text(&changed[0].old), text(&changed[0].new)), (Some("n 1".into()), Some("n 2".into())));
    assert_eq!((text(&changed[1].old), text(&changed[1].new)), (None, Some("n 3".into())));
    assert_eq!(told[2].sections.len(), 2);
    let mut commit = Commit::new(tenant("one"));
    commit.cursors.push(("suite".into(), at.clone()));
    store.commit(commit).await.expect("taken");
    assert_eq!(store.cursor("suite").await.expect("told"), Some(at));
    assert_eq!(store.cursor("nobody").await.expect("told"), None::<Position>);
}

async fn time_never_goes_back(store: &dyn Store, clock: &FixedClock) {
    let before = set(store, "one", "urn:time", None, &[("a", "n 1")]).await;
    clock.set(Timestamp::from_micros(5));
    let after = set(store, "one", "urn:time", None, &[("a", "n 2")]).await;
    assert!(after.time > before.time);
    clock.set(Timestamp::from_micros(after.time.micros() + 1_000_000));
    let later = set(store, "one", "urn:time", None, &[("a", "n 3")]).await;
    assert_eq!(later.time.micros(), after.time.micros() + 1_000_000);
}

async fn many_writers_of_one_document_all_succeed(store: &Arc<dyn Store>) {
    let count = |current: Option<&Document>| -> Result<Decision, Refusal> {
        let so_far = current.map_or(0, |document| String::from_utf8_lossy(&document.head).parse::<u32>().unwrap_or(0));
        let head = (so_far + 1).to_string();
        Ok(Decision::Change(crate::Change { head: Some(head.into()), ..crate::Change::default() }))
    };
    let commits: Vec<_> =
        (0..50).map(|_| store.commit(Commit::new(tenant("one")).with(THINGS, "urn:counter".into(), count))).collect();
    for commit in commits {
        commit.await.expect("taken");
    }
    let document = read(&**store, "one", "urn:counter").await.expect("it is there");
    assert_eq!(&document.head[..], b"50");
}

async fn an_erased_tenant_is_gone_and_can_come_again(store: &dyn Store) {
    set(store, "gone", "urn:a", Some("room"), &[("a", "n 1")]).await;
    let before = now(store).await;
    let woken = store.changed(&before);
    store.erase(&tenant("gone"), &[]).await.expect("erased");
    woken.await.expect("an erasure wakes the readers of the feed");
    let (entries, end) = store.feed(&before, 10).await.expect("read");
    assert!(entries.is_empty() && end == now(store).await && end != before, "{entries:?} {end}");
    assert!(!has_tenant(store, "gone").await);
    assert!(read(store, "gone", "urn:a").await.is_none());
    set(store, "gone", "urn:b", Some("room"), &[("a", "n 2")]).await;
    assert!(read(store, "gone", "urn:a").await.is_none());
    let found = store.view().find(Find::new(tenant("gone"), THINGS, Filter::All)).await.expect("found");
    assert_eq!(found.rows.len(), 1);
    assert!(read(store, "one", "urn:a").await.is_some());
    store.erase(&tenant("gone"), &[THINGS]).await.expect("erased");
    assert!(has_tenant(store, "gone").await, "what is spared stays");
    assert!(read(store, "gone", "urn:b").await.is_some());
}

async fn deleting_and_creating_again_starts_afresh(store: &dyn Store) {
    set(store, "one", "urn:again", Some("room"), &[("a", "n 1")]).await;
    assert!(matches!(delete(store, "one", "urn:again").await.outcomes[..], [Outcome::Deleted]));
    assert!(matches!(delete(store, "one", "urn:again").await.outcomes[..], [Outcome::Kept]));
    let receipt = set(store, "one", "urn:again", None, &[("b", "n 2")]).await;
    assert!(matches!(receipt.outcomes[..], [Outcome::Created { .. }]));
    let document = read(store, "one", "urn:again").await.expect("it is there");
    assert_eq!(document.created, receipt.time);
    assert_eq!(document.sections.len(), 1);
    assert!(document.head.is_empty());
}

async fn large_documents_change_in_parts(store: &dyn Store) {
    let many: Vec<(String, String)> =
        (0..60).map(|n| (format!("attribute{n}"), format!("t {}", "x".repeat(150)))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    set(store, "one", "urn:large", Some("room"), &many).await;
    set(store, "one", "urn:large", None, &[("attribute7", "n 7"), ("new", "n 8")]).await;
    let document = read(store, "one", "urn:large").await.expect("it is there");
    assert_eq!(document.sections.len(), 61);
    assert_eq!(body(store, &document, "attribute7").as_deref(), Some("n 7"));
    assert_eq!(body(store, &document, "new").as_deref(), Some("n 8"));
    let keys: Vec<_> = document.sections.iter().map(|section| section.key).collect();
    let expected: Vec<_> = many.iter().map(|(a, _)| key(store, a)).chain([key(store, "new")]).collect();
    assert_eq!(keys, expected);
}

/// Of three thousand sections a half is replaced and the rest goes, then a third comes back, one change after another
/// in one commit: whatever finds sections by their keys must find the right ones.
async fn documents_of_thousands_of_sections_change_in_parts(store: &dyn Store) {
    let sections = |numbers: &mut dyn Iterator<Item = usize>, text: &str| -> Vec<(String, String)> {
        numbers.map(|n| (format!("section{n}"), format!("t {text}{n}"))).collect()
    };
    let all = change(store, Some("room"), &sections(&mut (0..3000), "first"));
    let half = change(store, None, &sections(&mut (0..3000).step_by(2), "second"));
    let mut commit = Commit::new(tenant("one"));
    for change in [all, crate::Change { replace: true, ..half }] {
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Change(change.clone())) };
        commit = commit.with(THINGS, Name::from("urn:vast"), decide);
    }
    for n in (1..3000).step_by(6) {
        let one = change(store, None, &sections(&mut std::iter::once(n), "third"));
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Change(one.clone())) };
        commit = commit.with(THINGS, Name::from("urn:vast"), decide);
    }
    store.commit(commit).await.expect("the commit is taken");
    let document = read(store, "one", "urn:vast").await.expect("it is there");
    let mut expected = sections(&mut (0..3000).step_by(2), "second");
    expected.extend(sections(&mut (1..3000).step_by(6), "third"));
    let keys: Vec<_> = document.sections.iter().map(|section| section.key).collect();
    assert_eq!(keys, expected.iter().map(|(name, _)| key(store, name)).collect::<Vec<_>>());
    for (name, text) in &expected {
        assert_eq!(body(store, &document, name).as_ref(), Some(text), "{name}");
    }
}

#[derive(Debug)]
struct Jotted {
    id: Name,
    version: u64,
}

impl Note for Jotted {
    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn size(&self) -> usize {
        self.id.len()
    }
}

async fn a_note_is_never_of_what_was(store: &dyn Store) {
    let home = tenant("notes");
    let jot = |document: &Document| {
        let jotted = Jotted { id: document.id.clone(), version: document.version };
        store.leave(&home, THINGS, document, Arc::new(jotted));
    };
    let read = async |view: &dyn crate::View| {
        let read = view.document(&home, THINGS, "noted").await.expect("it can be read");
        read.expect("it is there")
    };
    set(store, "notes", "noted", Some("h"), &[("a", "1")]).await;
    let before = store.view();
    before.find(Find::new(home.clone(), THINGS, Filter::All)).await.expect("the view is of now");
    let first = read(&*before).await;
    jot(&first);
    let note = || match store.newest_noted(&home, THINGS, "noted") {
        Some(Seen::Noted(note)) => Some((note.id().to_owned(), note.version())),
        _ => None,
    };
    assert!(note().is_none_or(|note| note == ("noted".to_owned(), first.version)));
    assert!(store.newest_noted(&home, THINGS, "another").is_none());
    assert!(store.newest_noted(&tenant("elsewhere"), THINGS, "noted").is_none());
    set(store, "notes", "noted", None, &[("a", "2")]).await;
    assert_eq!(note(), None, "whoever writes takes the note away");
    // Whoever is late with a note of what was is not listened to.
    jot(&first);
    assert_eq!(note(), None);
    let second = read(&*store.view()).await;
    jot(&second);
    assert!(note().is_none_or(|note| note == ("noted".to_owned(), second.version)));
    for (view, version) in [(before, first.version), (store.view(), second.version)] {
        let find = || Find::new(home.clone(), THINGS, Filter::All);
        let plain = view.find(find()).await.expect("all are found");
        assert_eq!(plain.rows.first().map(|row| row.document.version), Some(version));
        let noted = view.find_noted(find()).await.expect("all are found");
        let seen = noted.rows.first().map(|row| match &row.document {
            Seen::Whole(document) => (document.id.to_string(), document.version),
            Seen::Noted(note) => (note.id().to_owned(), note.version()),
        });
        assert_eq!(seen, Some(("noted".to_owned(), version)), "a view does not move");
    }
}
