//! The process that is killed: tasks that write at random and print each deed, and each acknowledgement at once.
//!
//! It is a test only in form: the crash tests start this binary again with this one test and a plan.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use machi_store::conformance::{THINGS, collections};
use machi_store::{
    Change, Commit, Decision, Document, NameNo, Outcome, Position, Receipt, Refusal, SectionKey, SetSection, Stamp,
    Store, StoreError,
};
use machi_store_embedded::EmbeddedStore;
use machi_testkit::Dice;
use machi_types::{Name, SystemClock, TenantId};

use super::deed::{self, Act, COUNTERS, Deed, HEAD};
use super::plan::{Plan, small_options};

const TASKS: u64 = 6;
const THINGS_OF_A_TASK: u64 = 12;
const COUNTER_COUNT: u64 = 2;

#[test]
#[ignore = "the crash tests start it in a process of its own"]
fn writes_until_it_is_killed() {
    let Some(plan) = Plan::read() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_time().build().unwrap();
    runtime.block_on(run(plan));
}

async fn run(plan: Plan) {
    let options = small_options(plan.seed);
    let store = EmbeddedStore::open(&plan.store, collections(), Arc::new(SystemClock), options);
    let store = Arc::new(store.expect("the store opens"));
    say("ready");
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let writer = Writer { store: Arc::clone(&store), task, plan: plan.clone(), founded: None };
            tokio::spawn(writer.run())
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    store.close();
    say("closed");
}

/// One line, in one write: a reader gets it whole or not at all.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}

struct Writer {
    store: Arc<EmbeddedStore>,
    task: u64,
    plan: Plan,
    founded: Option<u64>,
}

impl Writer {
    async fn run(mut self) {
        let mut dice = Dice::new(self.plan.seed.wrapping_mul(31).wrapping_add(self.task));
        for count in 0..self.plan.deeds {
            let number = self.plan.first + count * TASKS + self.task;
            let deed = Deed { task: self.task, number, act: self.choose(&mut dice) };
            say(&format!("try {deed}"));
            let started = Instant::now();
            let done = self.perform(&deed).await;
            match done {
                Ok(version) => say(&format!("ack {} {number} {version}", self.task)),
                Err(error) => {
                    let micros = started.elapsed().as_micros();
                    say(&format!("refused {} {number} {micros} {error}", self.task));
                    self.read(&mut dice).await;
                    tokio::time::sleep(self.plan.patience).await;
                }
            }
            self.founded = match deed.act {
                Act::Found => Some(number),
                Act::Erase { .. } => None,
                _ => self.founded,
            };
        }
    }

    fn choose(&self, dice: &mut Dice) -> Act {
        let thing = dice.below(THINGS_OF_A_TASK);
        // Things with many sections lie apart on disk; those with few lie whole.
        let section = dice.below(if thing.is_multiple_of(3) { 24 } else { 3 });
        match dice.below(100) {
            0..15 => Act::Put { thing, sections: if thing.is_multiple_of(3) { 24 } else { 2 } },
            15..55 => Act::Patch { thing, section },
            55..62 => Act::Remove { thing, section },
            62..68 => Act::Delete { thing },
            68..84 => {
                // Those of one tenant: a commit has one.
                let first = dice.below(3);
                let mut things: Vec<u64> = (0..=dice.below(4)).map(|_| first + 3 * dice.below(4)).collect();
                things.sort_unstable();
                things.dedup();
                Act::Batch { things }
            }
            84..92 => Act::Count { counter: dice.below(COUNTER_COUNT) },
            92..97 => Act::Cursor,
            _ => self.founded.map_or(Act::Found, |founded| Act::Erase { founded }),
        }
    }

    /// Does it, and returns the version that it gave to what it touched.
    async fn perform(&self, deed: &Deed) -> Result<u64, StoreError> {
        let receipt = match &deed.act {
            Act::Erase { founded } => {
                self.store.erase(&tenant(&deed::founded_tenant(*founded)), &[]).await?;
                return Ok(0);
            }
            Act::Cursor => {
                let mut commit = Commit::new(TenantId::default_tenant());
                commit.cursors.push((deed::consumer(deed.task).into(), Position::single(deed.number)));
                self.store.commit(commit).await?
            }
            Act::Count { counter } => self.count(*counter).await?,
            Act::Found => self.found(deed).await?,
            _ => self.write(deed).await?,
        };
        let mut version = 0;
        for outcome in receipt.outcomes {
            match outcome {
                Outcome::Refused(refusal) => return Err(StoreError::Engine(refusal.to_string())),
                Outcome::Created { version: its } | Outcome::Changed { version: its } => version = its,
                Outcome::Deleted | Outcome::Kept | Outcome::NotTried => {}
            }
        }
        Ok(version)
    }

    /// Writes to the task's own things.
    async fn write(&self, deed: &Deed) -> Result<Receipt, StoreError> {
        let things = deed.things();
        let mut commit = Commit::new(tenant(&deed::tenant(deed.task, things[0])));
        commit.all_or_nothing = true;
        for thing in things {
            let decide = self.decide(deed.clone());
            commit = commit.with(THINGS, Name::from(deed::thing_id(deed.task, thing)), decide);
        }
        self.store.commit(commit).await
    }

    fn decide(&self, deed: Deed) -> impl FnMut(Option<&Document>) -> Result<Decision, Refusal> + use<> {
        let store = Arc::clone(&self.store);
        move |current| {
            let set = |section: u64| SetSection {
                key: key(&*store, section),
                body: Bytes::from(deed::body(section, deed.number)),
                created: Stamp::Keep,
            };
            let change = match &deed.act {
                Act::Put { sections, .. } => Change {
                    head: Some(Bytes::from(deed::head(deed.number))),
                    replace: true,
                    set: (0..*sections).map(set).collect(),
                    ..Change::default()
                },
                Act::Batch { .. } => Change { set: vec![set(0)], ..Change::default() },
                _ if current.is_none() => return Ok(Decision::Keep),
                Act::Patch { section, .. } => Change { set: vec![set(*section)], ..Change::default() },
                Act::Remove { section, .. } => Change { remove: vec![key(&*store, *section)], ..Change::default() },
                _ => return Ok(Decision::Delete),
            };
            Ok(Decision::Change(change))
        }
    }

    async fn count(&self, counter: u64) -> Result<Receipt, StoreError> {
        let key = key(&*self.store, 0);
        let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            let section = current.and_then(|document| document.section(key));
            let count = match section {
                Some(section) => std::str::from_utf8(&section.body[2..])?.parse()?,
                None => 0u64,
            };
            let body = Bytes::from(format!("n {}", count + 1));
            let set = vec![SetSection { key, body, created: Stamp::Keep }];
            Ok(Decision::Change(Change { set, ..Change::default() }))
        };
        let id = Name::from(deed::counter_id(counter));
        self.store.commit(Commit::new(tenant(COUNTERS)).with(THINGS, id, decide)).await
    }

    async fn found(&self, deed: &Deed) -> Result<Receipt, StoreError> {
        let mut commit = Commit::new(tenant(&deed::founded_tenant(deed.number)));
        for thing in 0..3 {
            let put = Deed { act: Act::Put { thing, sections: 2 }, ..deed.clone() };
            commit = commit.with(THINGS, Name::from(deed::thing_id(deed.task, thing)), self.decide(put));
        }
        self.store.commit(commit).await
    }

    /// Reads go on while writes are refused.
    async fn read(&self, dice: &mut Dice) {
        let thing = dice.below(THINGS_OF_A_TASK);
        let id = deed::thing_id(self.task, thing);
        let read = self.store.view().document(&tenant(&deed::tenant(self.task, thing)), THINGS, &id).await;
        match read {
            Ok(_) => say("read"),
            Err(error) => say(&format!("unreadable {id} {error}")),
        }
    }
}

/// The section of a number. Names of sections are the store's to keep.
pub(crate) fn key(store: &dyn Store, section: u64) -> SectionKey {
    debug_assert_ne!(section, HEAD);
    SectionKey::new(store.names().intern(&format!("section{section}")), NameNo::NONE)
}

pub(crate) fn tenant(name: &str) -> TenantId {
    name.parse().expect("the tests' tenants are well named")
}
