//! The real binary is killed at random moments, again and again, while clients write and subscriptions notify.
//!
//! Seeds are printed. `MACHI_SOAK_ROUNDS` says how many rounds are run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::kit::*;

const ROUNDS: u64 = 5;
const WRITERS: u64 = 4;
const ENTITIES: u64 = 3;
const PATHS: [&str; 2] = ["/steady", "/flapping"];

/// What the writers said of each entity's value, which only grows.
#[derive(Clone, Debug, Default)]
struct Told {
    acknowledged: BTreeSet<i64>,
    tried: i64,
}

type Ledger = BTreeMap<String, Told>;

fn name(writer: u64, entity: u64) -> String {
    thing(&format!("{writer}-{entity}"))
}

/// Sets values that grow, until the server is gone.
fn write_until_killed(client: &Client, writer: u64, mut next: i64, is_over: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::new();
    while !is_over.load(Ordering::Relaxed) {
        for entity in 0..ENTITIES {
            let id = name(writer, entity);
            let told = ledger.entry(id.clone()).or_default();
            told.tried = next;
            let answer = client.patch(&format!("/entities/{id}")).json(json!({"a": property(next)})).exchange();
            match answer.map(|answer| answer.status) {
                Ok(204) => told.acknowledged.insert(next),
                Ok(status) => panic!("{id} was answered {status}"),
                Err(_) => return ledger,
            };
            next += 1;
        }
    }
    ledger
}

/// Writes for a random while and kills the server in the middle of it.
fn write_and_kill(city: &City, dice: &mut Dice, next: i64) -> Ledger {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_over = &is_over;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let client = city.client();
                scope.spawn(move || write_until_killed(&client, writer, next, is_over))
            })
            .collect();
        // The moment is the story; nothing is waited for.
        thread::sleep(Duration::from_micros(50_000 + dice.below(400_000)));
        city.kill();
        is_over.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer ends when the server is gone")).collect()
    })
}

/// Every acknowledged value, or a later one that was tried, is there.
fn expect_no_loss(client: &Client, ledger: &Ledger) {
    for (id, told) in ledger {
        let value = client.retrieve(id)["a"]["value"].as_i64().unwrap_or_default();
        let last = told.acknowledged.last().copied().unwrap_or(0);
        assert!((last..=told.tried.max(last)).contains(&value), "{id} is {value}: {told:?}");
    }
}

fn delivered(notices: &[Notice]) -> BTreeSet<(String, i64)> {
    let taken = notices.iter().filter(|notice| notice.answered == 200).flat_map(Notice::data);
    taken.filter_map(|entity| Some((entity["id"].as_str()?.to_owned(), entity["a"]["value"].as_i64()?))).collect()
}

/// Each acknowledged change was due to each subscription: it carries the state of its own commit.
fn expect_delivered(receiver: &Receiver, ledger: &Ledger) {
    let due: BTreeSet<(String, i64)> =
        ledger.iter().flat_map(|(id, told)| told.acknowledged.iter().map(|value| (id.clone(), *value))).collect();
    for path in PATHS {
        receiver.wait_until(path, "everything that was due is delivered", |notices| due.is_subset(&delivered(notices)));
    }
}

#[track_caller]
pub(crate) fn expect_whole(variables: &Environment, data: &Path) {
    let (is_whole, said) = machi(variables, &["verify", "--data"], &[data]);
    assert!(is_whole && said.starts_with("everything is whole"), "{said}");
}

/// One receiver is healthy; the other may refuse everything until the server is back.
fn kill_round(city: &City, dice: &mut Dice, known: &mut Ledger, next: i64) -> usize {
    let (client, receiver) = (city.client(), Receiver::start());
    let subscribe = |path: &&str| {
        let rest = json!({"notification": {"endpoint": {"cooldown": 20}}});
        client.subscribe(&subscription("T", &receiver.url(path), rest))
    };
    let subscriptions: Vec<String> = PATHS.iter().map(subscribe).collect();
    receiver.behave("/flapping", Behaviour::Status(if dice.chance(60) { 503 } else { 200 }));
    let ledger = write_and_kill(city, dice, next);
    expect_whole(city.environment(), &city.data());
    receiver.behave("/flapping", Behaviour::Status(200));
    city.restart();
    expect_delivered(&receiver, &ledger);
    let acknowledged = ledger.values().map(|told| told.acknowledged.len()).sum();
    for (id, told) in ledger {
        let all = known.entry(id).or_default();
        all.acknowledged.extend(told.acknowledged);
        all.tried = told.tried;
    }
    expect_no_loss(&client, known);
    for id in subscriptions {
        client.delete(&format!("/subscriptions/{id}")).send().expect_status(204);
    }
    acknowledged
}

// Issue 2, line 8: kill -9 at random moments: no acknowledged write lost, no due notification lost, the store verifies each time.
#[test]
fn kills_lose_neither_writes_nor_notifications() {
    let mut dice = Dice::new(soak_seed());
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let names = (0..WRITERS).flat_map(|writer| (0..ENTITIES).map(move |entity| name(writer, entity)));
    names.for_each(|id| city.client().create(&entity(&id, "T", json!({"a": property(0)}))));
    let (mut known, mut acknowledged) = (Ledger::new(), 0);
    for (round, next) in (0..soak_rounds(ROUNDS)).zip((1..).step_by(1_000_000)) {
        acknowledged += kill_round(&city, &mut dice, &mut known, next);
        println!("kill {round}: {acknowledged} acknowledged so far");
    }
    assert!(acknowledged > 50, "hardly anything was written: {acknowledged}");
}
