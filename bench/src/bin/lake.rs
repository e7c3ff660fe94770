//! History on a folder: how fast it is taken and merged, how many bytes an instance takes, and how long it takes to read a
//! series' day, the last of a thousand series, and the hourly averages of a month.
//!
//! `cargo run --release -p machi-bench --bin lake -- FOLDER [series] [days] [seconds] [together|alone]`: 10,000 series with
//! a number every 300 seconds for 35 days, 1,000 of which share a commit, or each with a commit of its own, unless told
//! otherwise. A folder that holds history is read as it is.
//!
//! `lake FOLDER files [days] CSV ...` takes the columns of files instead, a row a minute, repeated for 365 days.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use machi_archive::{
    Archive, Delivery, Head, Instance, InstanceKey, Origin, Series, Share, Sink, Snapshot, WantedInstances, Writers,
};
use machi_bench::names::mix;
use machi_bench::took::Took;
use machi_history_lake::{HistoryLake, Options};
use machi_model::entity::{self, JsonText, Kind, encode_instance};
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_store::Position;
use machi_types::{Name, TenantId, Timestamp};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2026-03-01T00:00:00Z.
const START: i64 = 1_772_323_200_000_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// How many series share a report, and so the time of their commit.
const REPORT: u64 = 1000;
const TIMES: u64 = 200;
/// How many instances are handed over together.
const DELIVERY: u64 = 600_000;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let folder = arguments.next().expect("a folder is named");
    let city = match arguments.next_if(|word| word == "files") {
        Some(_) => City::of_files(&mut arguments),
        None => City::made(&mut arguments),
    };
    let lake = HistoryLake::open_folder(Path::new(&folder), Options::default()).expect("the folder can be opened");
    let tenant = TenantId::default_tenant();
    if lake.open(&tenant).expect("it can be opened").position() == Position::default() {
        city.fill(&lake, &tenant);
        // What was merged into others goes from disk, so that it is not counted.
        let options = Options { grace: Duration::ZERO, ..Options::default() };
        let lake = HistoryLake::open_folder(Path::new(&folder), options).expect("the folder can be opened");
        lake.keep_in_order(&tenant).expect("it is kept in order");
    }
    let size = size_of_tables(&Path::new(&folder).join("_default/instances"));
    println!("{:.2} bytes per instance on disk", size as f64 / city.rows() as f64);
    if city.columns.is_empty() {
        city.ask(&*lake.open(&tenant).expect("it can be opened"));
    }
}

/// The next argument as a number.
fn number(arguments: &mut impl Iterator<Item = String>, otherwise: u64) -> u64 {
    arguments.next().map_or(otherwise, |text| text.parse().expect("it is a number"))
}

/// The columns of a file but its first, each number as it is written.
fn columns(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let rows = text.lines().skip(1).map(|line| line.split(',').skip(1).map(|cell| cell.trim().to_owned()).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    let width = rows.first().map_or(0, Vec::len);
    // Of what was not measured there is nothing to tell.
    let is_number = |cell: &&String| JsonText::parse(cell).is_ok();
    (0..width)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).filter(is_number).cloned().collect())
        .collect()
}

fn size_of_tables(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the table is there");
    files.filter_map(|file| file.ok()?.metadata().ok()).filter(std::fs::Metadata::is_file).map(|file| file.len()).sum()
}

struct City {
    series: u64,
    days: u64,
    /// From one value of a series to the next, in microseconds.
    step: i64,
    /// How many series share a report, and so the time of their commit.
    report: u64,
    /// The values of each series, where they come from files.
    columns: Vec<Vec<String>>,
    attribute: Name,
}

fn entity(number: u64) -> Name {
    Name::from(format!("urn:ngsi-ld:WeatherObserved:fukui-{number:06}"))
}

impl City {
    fn made(arguments: &mut impl Iterator<Item = String>) -> Self {
        let (series, days) = (number(arguments, 10_000), number(arguments, 35));
        let step = number(arguments, 300) as i64 * SECOND;
        let report = if arguments.next().is_some_and(|word| word == "alone") { 1 } else { REPORT };
        let attribute = "https://uri.etsi.org/ngsi-ld/default-context/temperature".into();
        Self { series, days, step, report, columns: Vec::new(), attribute }
    }

    /// The columns of files, all but the first of each, which is the time.
    fn of_files(arguments: &mut impl Iterator<Item = String>) -> Self {
        let days = number(arguments, 365);
        let columns: Vec<Vec<String>> = arguments.map(PathBuf::from).flat_map(|path| columns(&path)).collect();
        let series = columns.len() as u64;
        let attribute = "https://uri.etsi.org/ngsi-ld/default-context/value".into();
        Self { series, days, step: MINUTE, report: series, columns, attribute }
    }

    fn rows(&self) -> u64 {
        self.series * self.days * self.steps() as u64
    }

    /// How many values a series has in a day.
    fn steps(&self) -> i64 {
        DAY / self.step
    }

    fn fill(&self, lake: &HistoryLake, tenant: &TenantId) {
        let (mut taking, mut merging) = (Duration::ZERO, Duration::ZERO);
        // As much at a time as a city takes that has been busy for some minutes.
        let portion = (DELIVERY / self.series).max(1) as i64;
        let end = self.days as i64 * self.steps();
        for first in (0..end).step_by(portion as usize) {
            let delivery = self.delivery(first..(first + portion).min(end));
            let begun = Instant::now();
            lake.take(tenant, delivery).expect("it is taken");
            taking += begun.elapsed();
            let begun = Instant::now();
            lake.keep_in_order(tenant).expect("it is kept in order");
            merging += begun.elapsed();
        }
        let per_second = |took: Duration| self.rows() as f64 / took.as_secs_f64() / 1e6;
        println!("{} instances; taken at {:.2} million a second", self.rows(), per_second(taking));
        println!("merged, all in all, at {:.2} million a second", per_second(merging));
    }

    /// So many steps of all series.
    fn delivery(&self, steps: Range<i64>) -> Delivery<'static> {
        let instances = (0..self.series).map(|series| {
            let of = Series { entity: entity(series), attribute: self.attribute.clone(), dataset: None };
            (of, steps.clone().map(|step| self.instance(series, step)).collect())
        });
        let mut delivery = Delivery { instances: instances.collect(), ..Delivery::default() };
        delivery.up_to = Some(Position::single(steps.end as u64));
        if steps.start == 0 {
            let types = std::sync::Arc::from([Name::from("https://example.org/WeatherObserved")]);
            let created_at = Timestamp::from_micros(START - DAY);
            let head = Head {
                modified_at: created_at,
                created_at,
                deleted_at: None,
                expires_at: None,
                origin: Origin::Change,
                types,
            };
            delivery.heads = (0..self.series).map(|series| (entity(series), vec![head.clone()].into())).collect();
        }
        delivery
    }

    /// The minute jitters by 50 ms; whoever reports alone does so at some moment of the second that follows.
    fn instance(&self, series: u64, step: i64) -> Instance {
        let random = mix(series.wrapping_mul(1_000_003).wrapping_add(step as u64));
        let minute = START + step * self.step;
        let observed_at = Timestamp::from_micros(minute + (random % 101) as i64 * 1000 - 50_000);
        let report = (series / self.report) as i64;
        let moment = if self.report == 1 { (mix(random) % SECOND as u64) as i64 } else { report };
        let commit = Timestamp::from_micros(minute + SECOND + moment);
        let value = self
            .columns
            .get(series as usize)
            .map_or_else(|| self.curve(series, step, random), |column| column[step as usize % column.len()].clone());
        let value = JsonText::parse(&value).expect("a number is JSON");
        let body =
            entity::Instance { observed_at: Some(observed_at.into()), ..entity::Instance::new(Kind::Property, value) };
        Instance {
            key: InstanceKey { created_at: commit, place: 0 },
            modified_at: commit,
            observed_at: Some(observed_at),
            deleted_at: None,
            origin: Origin::Change,
            body: encode_instance(&body).into(),
        }
    }

    /// A curve of the day with some noise, in steps of 0.1.
    fn curve(&self, series: u64, step: i64, random: u64) -> String {
        let curve = (step as f64 * self.step as f64 / DAY as f64 * std::f64::consts::TAU).sin() * 5.0;
        let noise = (random >> 32) as f64 / f64::from(u32::MAX) - 0.5;
        let value = ((20.0 + series as f64 % 7.0 + curve + noise) * 10.0).round() / 10.0;
        format!("{value:?}")
    }

    fn ask(&self, snapshot: &dyn Snapshot) {
        let begun = Instant::now();
        self.day(snapshot, 0);
        println!("the first question, which opens files: {:?}", begun.elapsed());
        let took = |ask: &dyn Fn(u64)| -> Took {
            (0..TIMES)
                .map(|number| {
                    let begun = Instant::now();
                    ask(number);
                    begun.elapsed()
                })
                .collect()
        };
        let tell =
            |what: &str, took: &Took| println!("{what}: p50 {:?}, p95 {:?}", took.within(0.5), took.within(0.95));
        tell("a series' day", &took(&|number| self.day(snapshot, number)));
        tell("the last of 1,000 series", &took(&|number| self.last(snapshot, number)));
        tell("the last of 1,000 series, whole", &took(&|number| self.last_whole(snapshot, number)));
        tell("hourly averages of a month, 1,000 series", &took(&|number| self.hours(snapshot, number)));
    }

    fn day(&self, snapshot: &dyn Snapshot, number: u64) {
        let random = mix(number);
        let start = START + (random % self.days) as i64 * DAY;
        let relation = TemporalRelation::Between(Timestamp::from_micros(start), Timestamp::from_micros(start + DAY));
        let entities = [entity(mix(random) % self.series)];
        let mut sums = Sums::default();
        self.read(snapshot, &entities, relation, Share::All, true, &mut sums);
        assert!(sums.count.abs_diff(self.steps() as u64) <= 1, "a day holds its instances: {}", sums.count);
    }

    fn some(&self, number: u64) -> Vec<Name> {
        let mut chosen = std::collections::BTreeSet::new();
        let mut random = number + 1;
        while chosen.len() < 1000.min(self.series as usize) {
            random = mix(random);
            chosen.insert(entity(random % self.series));
        }
        chosen.into_iter().collect()
    }

    fn last(&self, snapshot: &dyn Snapshot, number: u64) {
        let entities = self.some(number);
        let after = TemporalRelation::After(Timestamp::from_micros(0));
        let mut sums = Sums::default();
        self.read(snapshot, &entities, after, Share::Latest(1), true, &mut sums);
        assert_eq!(sums.count, entities.len() as u64);
    }

    fn last_whole(&self, snapshot: &dyn Snapshot, number: u64) {
        let entities = self.some(number);
        let after = TemporalRelation::After(Timestamp::from_micros(0));
        let mut sums = Sums::default();
        self.read(snapshot, &entities, after, Share::Latest(1), false, &mut sums);
        assert_eq!(sums.count, entities.len() as u64);
    }

    fn hours(&self, snapshot: &dyn Snapshot, number: u64) {
        let entities = self.some(number);
        let month = (self.days as i64 * DAY).min(30 * DAY);
        let between = TemporalRelation::Between(Timestamp::from_micros(START), Timestamp::from_micros(START + month));
        let mut hours = Hours::default();
        self.read(snapshot, &entities, between, Share::All, true, &mut hours);
        assert!(hours.groups >= entities.len() as u64 * (month / HOUR) as u64, "every hour has an average");
    }

    fn read(
        &self,
        snapshot: &dyn Snapshot,
        entities: &[Name],
        relation: TemporalRelation,
        share: Share,
        numbers: bool,
        sink: &mut dyn Sink,
    ) {
        let attributes = [self.attribute.clone()];
        let time = Some(TemporalQuery { relation, property: TimeProperty::ObservedAt });
        let attributes = Some(&attributes[..]);
        let wanted = WantedInstances { entities, attributes, time, writers: Writers::All, share, numbers };
        snapshot.read(&wanted, sink).expect("it is read");
    }
}

/// Counts what comes.
#[derive(Default)]
struct Sums {
    count: u64,
    sum: f64,
}

impl Sink for Sums {
    fn instances(&mut self, _: &Series, instances: Vec<Instance>) {
        self.count += instances.len() as u64;
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], numbers: &[f64]) {
        self.count += numbers.len() as u64;
        self.sum += numbers.iter().sum::<f64>();
    }
}

/// Averages by the hour, told as soon as an hour is over.
#[derive(Default)]
struct Hours {
    groups: u64,
    sum: f64,
}

impl Sink for Hours {
    fn instances(&mut self, _: &Series, _: Vec<Instance>) {}

    fn numbers(&mut self, _: &Series, times: &[Timestamp], numbers: &[f64]) {
        let (mut hour, mut sum, mut count) = (i64::MIN, 0.0, 0_u32);
        for (time, number) in times.iter().zip(numbers) {
            let of = time.micros().div_euclid(HOUR);
            if of != hour && count > 0 {
                self.groups += 1;
                self.sum += sum / f64::from(count);
                (sum, count) = (0.0, 0);
            }
            hour = of;
            sum += number;
            count += 1;
        }
        if count > 0 {
            self.groups += 1;
            self.sum += sum / f64::from(count);
        }
    }
}
