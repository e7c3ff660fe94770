//! Tests: the process ends before or after any of the things that it does to files; what was taken stays, what was not
//! is taken again, once.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use machi_archive::memory::MemoryArchive;
use machi_archive::retention::{Keep, Retention, Rule, Step};
use machi_archive::{
    Archive, Collected, Delivery, Head, Instance, InstanceKey, Origin, Part, Removal, Replaced, Series,
    WantedEvolutions, WantedInstances,
};
use machi_model::entity::{self, JsonText, Kind, encode_instance};
use machi_store::Position;
use machi_types::{Name, TenantId, Timestamp};

use crate::files::{Files, Folder, Listed, Parts, Upload};
use crate::{HistoryLake, Options};

/// A folder that does so many things more, and then nothing.
#[derive(Debug)]
struct Failing {
    folder: Folder,
    left: Arc<AtomicI64>,
}

fn spend(left: &AtomicI64) -> io::Result<()> {
    if left.fetch_sub(1, Ordering::Relaxed) > 0 { Ok(()) } else { Err(io::Error::other("the power is gone")) }
}

struct FailingUpload {
    upload: Option<Box<dyn Upload>>,
    left: Arc<AtomicI64>,
}

impl Write for FailingUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.upload.as_mut().expect("it is not finished").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for FailingUpload {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        spend(&self.left)?;
        self.upload.take().expect("it is not finished").finish()?;
        spend(&self.left)
    }
}

impl Drop for FailingUpload {
    fn drop(&mut self) {
        // Who has no power does not tidy up either.
        std::mem::forget(self.upload.take());
    }
}

impl Files for Failing {
    fn read(&self, name: &str) -> io::Result<Bytes> {
        self.folder.read(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Parts>> {
        self.folder.open(name)
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        self.folder.exists(name)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        self.folder.list(folder)
    }

    fn folders(&self, folder: &str) -> io::Result<Vec<String>> {
        self.folder.folders(folder)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Upload>> {
        spend(&self.left)?;
        Ok(Box::new(FailingUpload { upload: Some(self.folder.create(name)?), left: Arc::clone(&self.left) }))
    }

    fn put_new(&self, name: &str, content: &[u8]) -> io::Result<bool> {
        spend(&self.left)?;
        let done = self.folder.put_new(name, content)?;
        spend(&self.left).map(|()| done)
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        spend(&self.left)?;
        self.folder.put(name, content)?;
        spend(&self.left)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        spend(&self.left)?;
        self.folder.remove(name)?;
        spend(&self.left)
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        self.folder.remove_folder(folder)
    }

    fn place(&self, name: &str) -> String {
        self.folder.place(name)
    }
}

const TENANT: &str = "city";
const DELIVERIES: u64 = 11;

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

fn entity(number: u64) -> Name {
    Name::from(format!("urn:a:{number}"))
}

fn head(commit: Timestamp) -> Head {
    let types = Arc::from([Name::from("urn:t")]);
    Head { modified_at: commit, created_at: commit, deleted_at: None, expires_at: None, origin: Origin::Change, types }
}

fn instance(commit: Timestamp) -> Instance {
    let value = JsonText::parse("1.5").unwrap();
    Instance {
        key: InstanceKey { created_at: commit, place: 0 },
        modified_at: commit,
        observed_at: None,
        deleted_at: None,
        origin: Origin::Change,
        body: encode_instance(&entity::Instance::new(Kind::Property, value)).into(),
    }
}

/// Deliveries that touch all three tables, now and then by removals.
fn delivery(number: u64) -> Delivery<'static> {
    let commit = Timestamp::from_micros(number as i64 * 5_000_000);
    let series = |number: u64| Series { entity: entity(number % 4), attribute: "urn:x".into(), dataset: None };
    let mut delivery = Delivery { up_to: Some(Position::single(number)), ..Delivery::default() };
    delivery.instances.push((series(number), vec![instance(commit)].into()));
    delivery.heads.push((entity(number % 4), vec![head(commit)].into()));
    if number.is_multiple_of(3) {
        let replaced_at = number.is_multiple_of(2).then_some(commit);
        let part = Part::Series { attribute: "urn:x".into(), dataset: None };
        delivery.removals.push(Removal { entity: entity((number + 1) % 4), part, replaced_at });
        delivery.replaced.push(Replaced { series: series(number), instance: instance(commit), replaced_at: commit });
    }
    delivery
}

/// All that an archive holds, in words; what was replaced by itself.
fn told(archive: &dyn Archive) -> [String; 2] {
    let snapshot = archive.open(&tenant()).unwrap();
    let entities: Vec<Name> = (0..9).map(entity).collect();
    let evolutions = snapshot.evolutions(&WantedEvolutions::After { after: None, limit: 99, types: None }).unwrap();
    let instances = Collected::of(&*snapshot, &WantedInstances::all_of(&entities)).unwrap().instances;
    let mut replaced = snapshot.replaced(&entities).unwrap();
    replaced.sort_by_key(|one| (one.series.clone(), one.instance.key, one.replaced_at));
    [format!("{:?} {evolutions:?} {instances:?}", snapshot.position()), format!("{replaced:?}")]
}

fn options() -> Options {
    Options { grace: Duration::ZERO, ..Options::default() }
}

/// Policies by which of what was written minutes are left.
fn retention() -> Retention {
    let keep = Keep { whole: 60_000_000, summed: vec![(Step::Minute, None)] };
    let rules = vec![Rule { of: None, keep }];
    Retention { now: Timestamp::from_micros(3_600_000_000), rules, holds: Vec::new() }
}

/// Writes until the power goes; says how many deliveries were acknowledged.
fn write(folder: &Path, power: i64) -> (u64, bool) {
    let left = Arc::new(AtomicI64::new(power));
    let files = Failing { folder: Folder::new(folder).unwrap(), left: Arc::clone(&left) };
    // With grace, as merging gives up where there is none.
    let lake = HistoryLake::on(Arc::new(files), Options::default());
    for number in 1..=DELIVERIES {
        if lake.take(&tenant(), delivery(number)).is_err() {
            return (number - 1, true);
        }
        let is_kept = || lake.retain(&tenant(), &retention()).is_ok() && lake.keep_in_order(&tenant()).is_ok();
        if number == DELIVERIES - 1 && !is_kept() {
            return (number, true);
        }
    }
    (DELIVERIES, false)
}

/// What deliveries up to one come to, with one more head in the first that comes after the power; policies are applied
/// behind these.
fn expected(up_to: u64, odd: Option<u64>, thinned_behind: &[u64]) -> [String; 2] {
    let memory = MemoryArchive::default();
    for number in 1..=up_to {
        memory.take(&tenant(), with_odd(number, odd)).unwrap();
        if thinned_behind.contains(&number) {
            memory.retain(&tenant(), &retention()).unwrap();
        }
    }
    told(&memory)
}

/// How far it has come: what was not acknowledged may be there all the same, whole, and so may what policies do to each of
/// the tables.
fn reached(now: &[String; 2], taken: u64, power: i64) -> u64 {
    let is_it = |reached: u64| {
        let both = [&[][..], &[DELIVERIES - 1]].map(|behind| expected(reached, None, behind));
        (0..2).all(|part| both.iter().any(|one| one[part] == now[part]))
    };
    let reached = [taken, taken + 1].into_iter().find(|reached| is_it(*reached));
    reached.unwrap_or_else(|| panic!("after {power} steps, {taken} were acknowledged: {now:?}"))
}

fn with_odd(number: u64, odd: Option<u64>) -> Delivery<'static> {
    let mut delivery = delivery(number);
    if odd == Some(number) {
        delivery.heads.push((entity(8), vec![head(Timestamp::from_micros(5))].into()));
    }
    delivery
}

fn run(power: i64) -> bool {
    let folder = tempfile::tempdir_in(if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "." }).unwrap();
    let (taken, has_failed) = write(folder.path(), power);
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    let now = told(&lake);
    let reached = reached(&now, taken, power);
    // The feed is cut into other deliveries than before.
    let odd = Some(reached + 1);
    (reached + 1..=DELIVERIES).for_each(|number| lake.take(&tenant(), with_odd(number, odd)).unwrap());
    lake.retain(&tenant(), &retention()).unwrap();
    let whole = expected(DELIVERIES, odd.filter(|odd| *odd <= DELIVERIES), &[DELIVERIES]);
    assert_eq!(told(&lake), whole, "after {power} steps");
    std::thread::sleep(Duration::from_millis(5));
    let lake = HistoryLake::open_folder(folder.path(), options()).unwrap();
    lake.keep_in_order(&tenant()).unwrap();
    assert_eq!(told(&lake), whole, "after {power} steps and tidying up");
    assert!(lake.verify(&tenant()).unwrap().faults.is_empty());
    has_failed
}

#[test]
fn whenever_the_power_goes_each_delivery_is_there_once() {
    let mut power = 0;
    while run(power) {
        power += 3;
    }
    assert!(power > 100, "it has failed at many places");
}
