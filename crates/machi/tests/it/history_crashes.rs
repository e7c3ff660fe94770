//! The real binary is killed, or its power is cut, at random moments of writing, archiving, merging and of applying
//! policies, again and again. A journal of the test tells what was acknowledged; the temporal API and `duckdb`, over the
//! files that the Delta table lists, must tell each instance of it exactly once, or in a summary of what has grown old. What
//! got no answer is asked again under the same request id.
//!
//! Seeds are printed. `MACHI_SOAK_ROUNDS` says how many rounds are run.

mod aged;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::kill_loop::expect_whole;
use crate::kit::*;
use crate::python::{comes_to, read_outside};

const ROUNDS: u64 = 5;
const WRITERS: u64 = 4;
const ENTITIES: u64 = 6;

/// An entity and an attribute of it.
type Series = (String, &'static str);

/// A write, and what its acknowledgement means.
#[derive(Clone, Debug)]
struct Deed {
    method: &'static str,
    path: String,
    body: Value,
    /// Under which request id it is asked; none where it is asked once.
    key: Option<String>,
    adds: Vec<(Series, i64)>,
    removes: Vec<(Series, i64)>,
}

/// What a writer knows: the values of its series as acknowledged, and what it still waits for.
#[derive(Clone, Debug)]
struct Writer {
    number: u64,
    dice: Dice,
    next: i64,
    values: BTreeMap<Series, Vec<i64>>,
    /// Values of which nobody knows yet whether they are there.
    doubtful: Vec<(Series, i64)>,
    pending: Option<Deed>,
    begun: u64,
    acknowledged: usize,
    /// How many summaries there were when it last looked.
    summaries: usize,
}

impl Writer {
    fn new(number: u64, seed: u64) -> Self {
        let dice = Dice::new(seed.wrapping_mul(31).wrapping_add(number));
        let (values, doubtful) = (BTreeMap::new(), Vec::new());
        Self { number, dice, next: 0, values, doubtful, pending: None, begun: 0, acknowledged: 0, summaries: 0 }
    }

    fn name(&self, entity: u64) -> String {
        thing(&format!("{}-{entity}", self.number))
    }

    /// Writes until the server is gone.
    fn write(&mut self, client: &Client, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let Some(deed) = self.pending.take().or_else(|| self.next_deed(client)) else { return };
            if !self.ask(client, &deed) {
                return;
            }
        }
    }

    /// Asks for a deed, now and then twice; false where the server is gone.
    fn ask(&mut self, client: &Client, deed: &Deed) -> bool {
        let times = if deed.key.is_some() && self.dice.chance(10) { 2 } else { 1 };
        for time in 0..times {
            match (send(client, deed), time) {
                (Some(200..=204), 0) => self.note(deed),
                (Some(200..=204), _) => {}
                (Some(status), _) => panic!("{deed:?} was answered {status}"),
                (None, 0) if deed.key.is_some() => self.pending = Some(deed.clone()),
                (None, 0) => self.doubtful.extend(deed.adds.clone()),
                (None, _) => {}
            }
            if self.pending.is_some() {
                return false;
            }
        }
        true
    }

    fn note(&mut self, deed: &Deed) {
        self.acknowledged += 1;
        for (series, value) in &deed.removes {
            let values = self.values.entry(series.clone()).or_default();
            values.retain(|known| known != value);
        }
        for (series, value) in &deed.adds {
            self.values.entry(series.clone()).or_default().push(*value);
        }
    }

    fn value(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// What to do next; nothing where the server is gone.
    fn next_deed(&mut self, client: &Client) -> Option<Deed> {
        let entity = self.dice.below(ENTITIES);
        self.begun += 1;
        let key = Some(format!("{}-{}", self.number, self.begun));
        let bare = Deed { method: "PATCH", path: String::new(), body: json!({}), key, adds: vec![], removes: vec![] };
        match self.dice.below(100) {
            0..35 => Some(self.change(entity, bare)),
            35..50 => Some(self.tell(entity, bare)),
            50..65 => Some(self.change_many(bare)),
            65..85 => Some(self.grow_old(bare)),
            _ => self.correct(client, entity, bare),
        }
    }

    fn change(&mut self, entity: u64, deed: Deed) -> Deed {
        let (id, value) = (self.name(entity), self.value());
        let body = json!({"a": observed(value)});
        Deed { path: format!("/entities/{id}"), body, adds: vec![((id, "a"), value)], ..deed }
    }

    /// Instances of the past, by the temporal API.
    fn tell(&mut self, entity: u64, deed: Deed) -> Deed {
        let (id, values) = (self.name(entity), [self.value(), self.value()]);
        let body = json!({"b": values.map(observed)});
        let adds = values.map(|value| ((id.clone(), "b"), value)).into();
        Deed { method: "POST", path: format!("/temporal/entities/{id}/attrs"), body, adds, ..deed }
    }

    /// A batch, which takes several commits and is therefore not asked for again.
    fn change_many(&mut self, deed: Deed) -> Deed {
        let all: Vec<(String, i64)> = (0..ENTITIES).map(|entity| (self.name(entity), self.value())).collect();
        let body = all.iter().map(|(id, value)| json!({"id": id, "type": "T", "c": observed(*value)})).collect();
        let adds = all.into_iter().map(|(id, value)| ((id, "c"), value)).collect();
        Deed { method: "POST", path: "/entityOperations/update".to_owned(), body, key: None, adds, ..deed }
    }

    /// Changes something, or tells of its past, that is old enough for its policy at once.
    fn grow_old(&mut self, deed: Deed) -> Deed {
        let id = aged::name(self.number, self.dice.below(aged::ENTITIES));
        if self.dice.chance(50) {
            let value = self.value();
            let body = json!({"a": aged::observed(value)});
            return Deed { path: format!("/entities/{id}"), body, adds: vec![((id, "a"), value)], ..deed };
        }
        let values: Vec<i64> = (0..=self.dice.below(20)).map(|_| self.value()).collect();
        let body = json!({"b": values.iter().copied().map(aged::observed).collect::<Value>()});
        let adds = values.into_iter().map(|value| ((id.clone(), "b"), value)).collect();
        Deed { method: "POST", path: format!("/temporal/entities/{id}/attrs"), body, adds, ..deed }
    }

    /// Corrects or deletes an instance of the past, which may be archived already.
    fn correct(&mut self, client: &Client, entity: u64, deed: Deed) -> Option<Deed> {
        let id = self.name(entity);
        let series = (id.clone(), "b");
        let known = self.values.get(&series).cloned().unwrap_or_default();
        if known.is_empty() {
            return Some(self.tell(entity, deed));
        }
        let old = self.dice.pick(&known);
        let path = format!("/temporal/entities/{id}");
        let evolution = client.get(&path).query(&[("attrs", "b")]).exchange().ok()?.json();
        let mut instances = evolution["b"].as_array().into_iter().flatten();
        let found = instances.find(|instance| instance["value"] == old);
        let Some(instance) = found.and_then(|instance| instance["instanceId"].as_str()) else {
            panic!("{old} of {id} is lost: {evolution}");
        };
        let path = format!("{path}/attrs/b/{instance}");
        let removes = vec![(series.clone(), old)];
        if self.dice.chance(30) {
            return Some(Deed { method: "DELETE", path, removes, ..deed });
        }
        let value = self.value();
        Some(Deed { path, body: observed(value), adds: vec![(series, value)], removes, ..deed })
    }

    /// Asks again what got no answer, and compares what the temporal API tells with the journal.
    fn check(&mut self, client: &Client) {
        if let Some(deed) = self.pending.take() {
            assert!(self.ask(client, &deed), "the server runs");
        }
        for entity in 0..ENTITIES {
            let id = self.name(entity);
            let query = [("attrs", "a,b,c")];
            let told = client.get(&format!("/temporal/entities/{id}")).query(&query).send().expect_status(200).json();
            for attribute in ["a", "b", "c"] {
                self.check_series(&(id.clone(), attribute), &numbers(&told[attribute]));
            }
        }
        self.doubtful.clear();
        let values = |series: &Series| self.values.get(series).map(Vec::as_slice).unwrap_or_default();
        let summaries =
            aged::series(self.number).iter().map(|series| aged::check(client, series, values(series))).sum();
        self.summaries = summaries;
    }

    fn check_series(&mut self, series: &Series, told: &[i64]) {
        let is_there = |(of, value): &&(Series, i64)| of == series && told.contains(value);
        let found: Vec<i64> = self.doubtful.iter().filter(is_there).map(|(_, value)| *value).collect();
        let values = self.values.entry(series.clone()).or_default();
        values.extend(found);
        values.sort_unstable();
        assert_eq!(told, values, "{series:?} is not as it was acknowledged");
    }
}

/// The numbers of instances, sorted.
fn numbers(instances: &Value) -> Vec<i64> {
    let one = instances.is_object().then_some(instances);
    let all = instances.as_array().into_iter().flatten().chain(one);
    let mut numbers: Vec<i64> = all.filter_map(|instance| instance["value"].as_i64()).collect();
    numbers.sort_unstable();
    numbers
}

/// A value with a time of its own: told again for the same time, it would replace the earlier one.
fn observed(value: i64) -> Value {
    let (day, hour, minute, second) = (value / 86_400 + 1, value / 3_600 % 24, value / 60 % 60, value % 60);
    let time = format!("2026-05-{day:02}T{hour:02}:{minute:02}:{second:02}.5Z");
    json!({"type": "Property", "value": value, "observedAt": time})
}

/// The status of the answer; none where the server is gone.
fn send(client: &Client, deed: &Deed) -> Option<u16> {
    let request = client.request(deed.method, &deed.path);
    let request = if deed.method == "DELETE" { request } else { request.json(deed.body.clone()) };
    let request = deed.key.iter().fold(request, |request, key| request.header("Idempotency-Key", key));
    request.exchange().ok().map(|answer| answer.status)
}

/// A city that crashes again and again, and what was acknowledged.
struct Crashing {
    folder: tempfile::TempDir,
    python: PathBuf,
    dice: Dice,
    writers: Vec<Writer>,
}

impl Crashing {
    fn new(python: PathBuf) -> Self {
        let seed = soak_seed();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let writers = (0..WRITERS).map(|number| Writer::new(number, seed)).collect();
        let mut crashing = Self { folder, python, dice: Dice::new(seed), writers };
        crashing.begin();
        crashing
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A city on the living folder that archives and merges as often as it can.
    fn start(&self, watch: Option<&Watch>) -> City {
        let config = "[history]\narchive_after = \"20ms\"\nupkeep = \"50ms\"\n".to_owned();
        let environment = watch.map(Watch::environment).unwrap_or_default();
        let options =
            Options { config: Some(config), data: Some(self.path("live")), environment, ..Options::default() };
        City::start_with(env!("CARGO_BIN_EXE_machi"), options)
    }

    /// Creates what is written to.
    fn begin(&mut self) {
        fs::create_dir_all(self.path("live")).expect("the folder is made");
        let city = self.start(None);
        aged::set_policy(&city.client(), 0);
        for writer in &mut self.writers {
            for id in (0..ENTITIES).map(|entity| writer.name(entity)).collect::<Vec<_>>() {
                city.client().create(&entity(&id, "T", json!({"a": observed(0)})));
                writer.values.insert((id, "a"), vec![0]);
            }
            for id in (0..aged::ENTITIES).map(|entity| aged::name(writer.number, entity)) {
                city.client().create(&entity(&id, aged::TYPE, json!({"a": aged::observed(0)})));
                writer.values.insert((id, "a"), vec![0]);
            }
        }
    }

    fn check(&mut self, city: &City) {
        let client = city.client();
        self.writers.iter_mut().for_each(|writer| writer.check(&client));
    }

    /// All evolutions as they are told.
    fn evolutions(&self, city: &City) -> Vec<Value> {
        let ids = self.writers.iter().flat_map(|writer| (0..ENTITIES).map(|entity| writer.name(entity)));
        let tell = |id| {
            let asked = city.client().get(&format!("/temporal/entities/{id}")).query(&[("options", "sysAttrs")]);
            asked.send().expect_status(200).json()
        };
        ids.map(tell).collect()
    }

    /// What `duckdb` reads, once all is archived.
    fn check_outside(&self) {
        let mut known = Outside::default();
        for ((id, attribute), values) in self.writers.iter().flat_map(|writer| &writer.values) {
            let series = json!([id, full(attribute)]).to_string();
            if is_aged(id) {
                known.aged.extend(aged::figures(values).map(|figures| (series, figures)));
            } else if !values.is_empty() {
                known.numbers.insert(series, values.clone());
            }
        }
        let table = self.path("live/history/_default/instances");
        comes_to(&known, || read(&self.python, &table));
    }

    /// Writes for a random while and kills the server in the middle of it.
    fn write_and_kill(&mut self, city: &City) {
        let is_over = AtomicBool::new(false);
        let moment = Duration::from_micros(50_000 + self.dice.below(1_500_000));
        thread::scope(|scope| {
            for writer in &mut self.writers {
                let (client, is_over) = (city.client(), &is_over);
                scope.spawn(move || writer.write(&client, is_over));
            }
            // The moment is the story; nothing is waited for.
            thread::sleep(moment);
            city.kill();
            is_over.store(true, Ordering::Relaxed);
        });
    }

    /// Starts, compares, writes and dies.
    fn live_and_die(&mut self, watch: Option<&Watch>) {
        let city = self.start(watch);
        self.check(&city);
        if self.dice.chance(20) {
            // What is there is summed up further, and what comes from now on, too.
            aged::set_policy(&city.client(), 1);
        }
        // Now and then it dies with much that is not archived.
        if self.dice.chance(60) {
            self.check_outside();
        }
        self.write_and_kill(&city);
    }

    fn power_cut_round(&mut self, seed: u64) {
        let (live, base, image, log) = (self.path("live"), self.path("base"), self.path("image"), self.path("log"));
        copy(&live, &base);
        let _ = fs::remove_file(&log);
        let watch = Watch::new(&live, &log).slow_sync(self.dice.below(2_000));
        self.live_and_die(Some(&watch));
        let recording = Recording::read(&log);
        assert_eq!(recording.violations(), Vec::<String>::new());
        let _ = fs::remove_dir_all(&image);
        recording.cut(&base, recording.end(), seed, &image);
        copy(&image, &live);
    }

    fn run(mut self, mut round: impl FnMut(&mut Self, u64)) {
        let rounds = soak_rounds(ROUNDS);
        let mut number = 0;
        // Chance may keep a few rounds from merging anything, or from summing it up.
        while number < rounds || (self.lacks_deeds() && number < 4 * rounds) {
            round(&mut self, number);
            expect_whole(&Environment::default(), &self.path("live"));
            number += 1;
            let acknowledged: usize = self.writers.iter().map(|writer| writer.acknowledged).sum();
            println!("round {number}: {acknowledged} acknowledged so far");
        }
        let city = self.start(None);
        self.check(&city);
        let before = self.evolutions(&city);
        city.kill();
        city.restart();
        assert_eq!(self.evolutions(&city), before, "each instance is what it was, and has the id that it had");
        self.check_outside();
        let acknowledged: usize = self.writers.iter().map(|writer| writer.acknowledged).sum();
        let (merges, summaries) = (merges(&self.path("live")), self.summaries());
        println!("done: {acknowledged} acknowledged, {merges} merges, {summaries} summaries at the end");
        assert!(acknowledged > 100 && !self.lacks_deeds(), "hardly anything was done");
    }

    fn lacks_deeds(&self) -> bool {
        merges(&self.path("live")) == 0 || self.summaries() == 0
    }

    fn summaries(&self) -> usize {
        self.writers.iter().map(|writer| writer.summaries).sum()
    }
}

/// What is in the files that the table lists, by entity and attribute.
#[derive(Debug, Default, PartialEq)]
struct Outside {
    numbers: BTreeMap<String, Vec<i64>>,
    /// Of what policies sum up.
    aged: BTreeMap<String, aged::Figures>,
}

fn is_aged(id: &str) -> bool {
    id.contains(aged::TYPE)
}

fn read(python: &Path, table: &Path) -> Result<Outside, String> {
    let mut known = Outside::default();
    for row in read_outside(python, "duckdb", &table.to_string_lossy(), "numbers")? {
        let series = json!([row[0], row[1]]).to_string();
        if is_aged(row[0].as_str().unwrap_or_default()) {
            let figures = aged::outside(known.aged.get(&series).copied(), &row[2], &row[3]);
            known.aged.insert(series, figures);
        } else {
            known.numbers.entry(series).or_default().push(row[2].as_f64().unwrap_or_default() as i64);
        }
    }
    known.numbers.values_mut().for_each(|values| values.sort_unstable());
    Ok(known)
}

/// How many versions of the table have put one file in the place of several.
fn merges(city: &Path) -> usize {
    let Ok(log) = fs::read_dir(city.join("history/_default/instances/_delta_log")) else { return 0 };
    let versions = log.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    versions.filter(|version| version.matches("{\"remove\":").count() >= 8).count()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}

// Issue 4, line 5: kill -9 at random moments: every acknowledged instance exactly once, or inside its summary.
#[test]
fn kills_leave_each_instance_once() {
    let Some(python) = python_with(&["deltalake", "duckdb"]) else { return };
    Crashing::new(python).run(|city, _| city.live_and_die(None));
}

// Issue 4, line 5: the same, with power cuts.
#[test]
fn power_cuts_leave_each_instance_once() {
    let Some(python) = python_with(&["deltalake", "duckdb"]) else { return };
    Crashing::new(python).run(Crashing::power_cut_round);
}
