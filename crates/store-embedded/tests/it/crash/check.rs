//! Opens what a crash has left and compares it with what the writer had said.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use machi_store::conformance::{THINGS, collections};
use machi_store::{
    Answer, Document, Entry, Filter, Find, NameNo, Position, Section, SectionKey, Store, StoreError, Verified,
};
use machi_store_embedded::{DataFolder, EmbeddedStore};
use machi_types::{SystemClock, Timestamp};

use super::deed::{self, COUNTERS, HEAD, Sections};
use super::ledger::{Ledger, State, Tried, Verdict, last_acknowledged};
use super::plan::small_options;
use super::writer::tenant;
use crate::resting::{contents, looked_at};

/// What was found; a sentence where it must not be so.
pub(crate) type Check<T> = Result<T, String>;

/// Numbers that must never change once they were seen durable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    names: HashMap<String, u32>,
    ids: HashMap<(String, String), u32>,
}

/// A store as found after a crash.
struct Found {
    store: EmbeddedStore,
    documents: BTreeMap<(String, String), Arc<Document>>,
}

/// Checks a folder against a ledger. What is found becomes the ledger's new ground: all of it is durable now.
pub(crate) async fn check(folder: &Path, seed: u64, ledger: &mut Ledger, numbers: &mut Numbers) -> Check<Verified> {
    let options = small_options(seed);
    let at_rest = at_rest(folder)?;
    let opened = EmbeddedStore::open(folder, collections(), Arc::new(SystemClock), options);
    let store = opened.map_err(|error| format!("the store does not open: {}", chain(&error)))?;
    let found = Found::read(store).await.map_err(|error| format!("the store cannot be read: {}", chain(&error)))?;
    found.things(ledger)?;
    found.batches(ledger)?;
    found.counters(ledger)?;
    found.cursors(ledger)?;
    found.founded(ledger)?;
    found.nothing_invented(ledger)?;
    found.feed(numbers).await?;
    found.numbers(numbers)?;
    let verified = found.store.verify().map_err(|error| format!("the store is not sound: {}", chain(&error)))?;
    if let Some(seen) = at_rest.filter(|seen| seen.documents != verified.documents) {
        return Err(format!("a check at rest saw {seen:?}, and an open store {verified:?}"));
    }
    settle(ledger, &found);
    Ok(verified)
}

/// Looks at what was left before anybody opens it; nothing where the city was not even begun.
fn at_rest(folder: &Path) -> Check<Option<Verified>> {
    if !DataFolder::is_there(folder) {
        return Ok(None);
    }
    let before = contents(folder);
    let seen = looked_at(folder).map_err(|error| format!("it cannot be checked at rest: {}", chain(&error)))?;
    if contents(folder) != before {
        return Err("a check at rest has changed the folder".to_owned());
    }
    Ok(Some(seen))
}

pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{cause}")
}

impl Found {
    async fn read(store: EmbeddedStore) -> Result<Self, StoreError> {
        let mut documents = BTreeMap::new();
        for status in store.tenants().await? {
            let mut find = Find::new(status.tenant.clone(), THINGS, Filter::All);
            find.limit = usize::MAX - 1;
            for row in store.view().find(find).await?.rows {
                documents.insert((status.tenant.to_string(), row.document.id.to_string()), row.document);
            }
        }
        Ok(Self { store, documents })
    }

    fn document(&self, tenant: &str, id: &str) -> Option<&Arc<Document>> {
        self.documents.get(&(tenant.to_owned(), id.to_owned()))
    }

    fn thing(&self, (task, thing): (u64, u64)) -> Option<&Arc<Document>> {
        self.document(&deed::tenant(task, thing), &deed::thing_id(task, thing))
    }

    /// The deeds that made a document what it is.
    fn sections(&self, document: &Document) -> Check<Sections> {
        let mut sections = Sections::new();
        for section in &document.sections {
            let name = self.store.names().text(section.key.name);
            let number = name.strip_prefix("section").and_then(|number| number.parse().ok());
            let number = number.ok_or_else(|| format!("{} has a section {name:?}", document.id))?;
            let body = String::from_utf8_lossy(&section.body);
            let deed = deed::deed_of(number, &body);
            let deed = deed.ok_or_else(|| format!("{} holds {body:?}, which no deed wrote", document.id))?;
            sections.insert(number, deed);
        }
        Ok(sections)
    }

    /// Whether a thing is in the state that a deed left it in.
    fn is_in(&self, document: Option<&Document>, state: &State) -> Check<bool> {
        let (Some(document), Some(expected)) = (document, &state.sections) else {
            return Ok(document.is_none() && state.sections.is_none());
        };
        let mut expected = expected.clone();
        let head = expected.remove(&HEAD).map(deed::head).unwrap_or_default();
        Ok(self.sections(document)? == expected && document.head == head)
    }

    fn things(&self, ledger: &Ledger) -> Check<()> {
        for (id, states) in &ledger.things {
            let document = self.thing(*id).map(|document| &**document);
            let first = last_acknowledged(states.iter().map(|state| state.verdict));
            let mut matching = None;
            for (index, state) in states.iter().enumerate().skip(first) {
                if self.is_in(document, state)? {
                    matching = Some(index);
                }
            }
            let Some(matching) = matching else {
                return Err(self.describe_loss(*id, document, states, first));
            };
            if let (Some(document), Verdict::Acknowledged(version @ 1..)) = (document, states[matching].verdict)
                && document.version != version
            {
                return Err(format!(
                    "{} has version {}, but its last deed was acknowledged with {version}",
                    document.id, document.version
                ));
            }
        }
        Ok(())
    }

    fn describe_loss(&self, id: (u64, u64), document: Option<&Document>, states: &[State], first: usize) -> String {
        let actual = document.map(|document| (document.version, self.sections(document)));
        let earlier = states.iter().position(|state| self.is_in(document, state) == Ok(true));
        let kind =
            earlier.map_or("it never was so".to_owned(), |at| format!("it was so after deed {}", states[at].deed));
        format!(
            "{} (tenant {}) is {actual:?}, but deed {} was acknowledged; {kind}; allowed: {:?}",
            deed::thing_id(id.0, id.1),
            deed::tenant(id.0, id.1),
            states[first].deed,
            &states[first..]
        )
    }

    /// A batch that was not acknowledged is there wholly or not at all.
    fn batches(&self, ledger: &Ledger) -> Check<()> {
        for (number, batch) in &ledger.open_batches {
            let mut there = Vec::new();
            for thing in batch.things() {
                let states = &ledger.things[&(batch.task, thing)];
                let state = states.iter().find(|state| state.deed == *number).expect("it was tried");
                there.push(self.is_in(self.thing((batch.task, thing)).map(|document| &**document), state)?);
            }
            if there.contains(&true) && there.contains(&false) {
                return Err(format!("batch {number} is there in part: {:?} {there:?}", batch.things()));
            }
        }
        Ok(())
    }

    fn counters(&self, ledger: &Ledger) -> Check<()> {
        for (counter, (acknowledged, tried)) in &ledger.counters {
            let count = self.count(*counter);
            if !(*acknowledged..=*tried).contains(&count) {
                return Err(format!("counter {counter} is {count}: {acknowledged} acknowledged of {tried}"));
            }
        }
        Ok(())
    }

    fn count(&self, counter: u64) -> u64 {
        let document = self.document(COUNTERS, &deed::counter_id(counter));
        let name = self.store.names().lookup("section0");
        let key = name.map(|name| SectionKey::new(name, NameNo::NONE));
        let section = document.zip(key).and_then(|(document, key)| document.section(key));
        let text = section.map(|section| String::from_utf8_lossy(&section.body).into_owned());
        text.and_then(|text| text.strip_prefix("n ")?.parse().ok()).unwrap_or(0)
    }

    fn cursors(&self, ledger: &Ledger) -> Check<()> {
        for (task, tried) in &ledger.cursors {
            let first = last_acknowledged(tried.iter().map(|tried| tried.verdict));
            let cursor = told(self.store.cursor(&deed::consumer(*task))).map_or(0, |position| position.bucket(0));
            let has_ground = tried.iter().any(|tried| matches!(tried.verdict, Verdict::Acknowledged(_)));
            let is_known = tried[first..].iter().any(|tried| tried.number == cursor) || (cursor == 0 && !has_ground);
            if !is_known {
                return Err(format!("the cursor of task {task} is {cursor}; allowed: {:?}", &tried[first..]));
            }
        }
        Ok(())
    }

    fn founded(&self, ledger: &Ledger) -> Check<()> {
        for (number, fate) in &ledger.founded {
            let name = deed::founded_tenant(*number);
            let is_there = told(self.store.has_tenant(&tenant(&name)));
            let things = self.documents.keys().filter(|(tenant, _)| *tenant == name).count();
            let must_be = matches!(fate.founding, Verdict::Acknowledged(_)) && fate.erasing.is_none();
            let must_not_be = matches!(fate.erasing, Some(Verdict::Acknowledged(_)));
            if (if is_there { must_not_be } else { must_be }) || (is_there && things != 3) {
                return Err(format!("tenant {name} is there: {is_there}, with {things} things; {fate:?}"));
            }
        }
        Ok(())
    }

    fn nothing_invented(&self, ledger: &Ledger) -> Check<()> {
        for (tenant, id) in self.documents.keys() {
            let mut words = id.split(':').skip(2).map_while(|word| word.parse::<u64>().ok());
            let (first, second) = (words.next(), words.next());
            let is_known = match (first, second) {
                (Some(task), Some(thing)) if tenant.starts_with('t') => ledger.things.contains_key(&(task, thing)),
                (Some(counter), None) => ledger.counters.contains_key(&counter),
                _ => ledger.founded.keys().any(|number| deed::founded_tenant(*number) == *tenant),
            };
            if !is_known {
                return Err(format!("{id} of tenant {tenant} was never written"));
            }
        }
        Ok(())
    }

    /// The feed is in order and each entry begins where the one before of its document ended.
    async fn feed(&self, numbers: &Numbers) -> Check<()> {
        let entries =
            self.all_entries().await.map_err(|error| format!("the feed cannot be read: {}", chain(&error)))?;
        let mut commit = (0, Timestamp::from_micros(i64::MIN));
        let mut bodies: HashMap<(String, String, SectionKey), Option<Section>> = HashMap::new();
        for entry in &entries {
            let is_in_order =
                if entry.commit == commit.0 { entry.time == commit.1 } else { (entry.commit, entry.time) > commit };
            if !is_in_order || (entry.commit > commit.0 && entry.time <= commit.1) {
                return Err(format!("commit {} at {} follows {commit:?} in the feed", entry.commit, entry.time));
            }
            commit = (entry.commit, entry.time);
            let place = (entry.tenant.to_string(), entry.id.to_string());
            if numbers.ids.get(&place).is_some_and(|known| *known != entry.number.0) && !place.0.starts_with("founded")
            {
                return Err(format!("{place:?} has number {} in the feed, and had another before", entry.number.0));
            }
            for change in &entry.sections {
                let key = change.new.as_ref().or(change.old.as_ref()).map(|section| section.key);
                let Some(key) = key else { return Err(format!("an empty change in commit {}", entry.commit)) };
                let place = (place.0.clone(), place.1.clone(), key);
                if bodies.get(&place).is_some_and(|known| *known != change.old) {
                    return Err(format!("commit {} does not go on where {place:?} had ended", entry.commit));
                }
                bodies.insert(place, change.new.clone());
            }
        }
        self.feed_ends_at_documents(&bodies)?;
        self.feed_reaches_the_end(&entries)
    }

    fn feed_ends_at_documents(&self, bodies: &HashMap<(String, String, SectionKey), Option<Section>>) -> Check<()> {
        for ((tenant_name, id, key), last) in bodies {
            let section = self.document(tenant_name, id).and_then(|document| document.section(*key));
            let is_erased = !told(self.store.has_tenant(&tenant(tenant_name)));
            if section != last.as_ref() && !is_erased {
                return Err(format!("{id} of {tenant_name} is not what the feed made of it: {section:?} {last:?}"));
            }
        }
        Ok(())
    }

    fn feed_reaches_the_end(&self, entries: &[Arc<Entry>]) -> Check<()> {
        let newest = self.documents.values().map(|document| document.version).max().unwrap_or(0);
        let last = entries.last().map_or(u64::MAX, |entry| entry.commit);
        if newest > last {
            return Err(format!("a document has version {newest}, but the feed ends at {last}"));
        }
        Ok(())
    }

    async fn all_entries(&self) -> Result<Vec<Arc<Entry>>, StoreError> {
        let (mut gone, mut kept) = (0, self.store.view().position().await?.bucket(0) + 1);
        let is_kept = async |after: u64| match self.store.feed(&Position::single(after), 1).await {
            Ok(_) => Ok(true),
            Err(StoreError::PositionGone(_)) => Ok(false),
            Err(error) => Err(error),
        };
        while gone < kept {
            let middle = gone.midpoint(kept);
            if is_kept(middle).await? { kept = middle } else { gone = middle + 1 }
        }
        let mut entries = Vec::new();
        let mut after = Position::single(gone);
        loop {
            let (more, next) = self.store.feed(&after, 100).await?;
            if more.is_empty() {
                return Ok(entries);
            }
            entries.extend(more);
            after = next;
        }
    }

    fn numbers(&self, numbers: &mut Numbers) -> Check<()> {
        for section in 0..24 {
            let name = format!("section{section}");
            let Some(number) = self.store.names().lookup(&name) else { continue };
            let known = *numbers.names.entry(name.clone()).or_insert(number.number());
            if known != number.number() {
                return Err(format!("{name} has number {} and had {known}", number.number()));
            }
        }
        let mut taken = HashMap::new();
        for ((tenant, id), document) in &self.documents {
            if taken.insert((tenant, document.number), id).is_some() {
                return Err(format!("{id} of {tenant} shares its number {}", document.number.0));
            }
            let known = *numbers.ids.entry((tenant.clone(), id.clone())).or_insert(document.number.0);
            if known != document.number.0 {
                return Err(format!("{id} of {tenant} has number {} and had {known}", document.number.0));
            }
        }
        Ok(())
    }
}

/// What was found is what the next writer starts from.
fn settle(ledger: &mut Ledger, found: &Found) {
    for (id, states) in &mut ledger.things {
        let document = found.thing(*id).map(|document| &**document);
        let first = last_acknowledged(states.iter().map(|state| state.verdict));
        let matching = states[first..].iter().rfind(|state| found.is_in(document, state) == Ok(true)).cloned();
        let mut ground = matching.expect("the check found one");
        ground.verdict = Verdict::Acknowledged(document.map_or(0, |document| document.version));
        *states = vec![ground];
    }
    for (counter, counts) in &mut ledger.counters {
        let count = found.count(*counter);
        *counts = (count, count);
    }
    for (task, tried) in &mut ledger.cursors {
        let cursor = told(found.store.cursor(&deed::consumer(*task))).map_or(0, |position| position.bucket(0));
        let verdict = if cursor == 0 { Verdict::Open } else { Verdict::Acknowledged(0) };
        *tried = vec![Tried { number: cursor, verdict }];
    }
    ledger.founded.retain(|number, _| told(found.store.has_tenant(&tenant(&deed::founded_tenant(*number)))));
    for fate in ledger.founded.values_mut() {
        fate.founding = Verdict::Acknowledged(0);
        fate.erasing = None;
    }
    ledger.open_batches.clear();
}

/// What this store tells without waiting for anybody.
fn told<T>(mut answer: Answer<'_, T>) -> T {
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(told) => told.unwrap(),
        Poll::Pending => panic!("the store waits for others"),
    }
}
