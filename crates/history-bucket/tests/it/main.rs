//! The archive in a bucket, which the package moto serves, against the laws that every archive keeps.

#![allow(clippy::unwrap_used, reason = "a test may end where it finds what it did not expect")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use machi_archive::conformance;
use machi_archive::{Archive, ArchiveError, Delivery, Head, Origin};
use machi_history_bucket::{Bucket, Credentials, Settings};
use machi_history_lake::{Files, HistoryLake, Options};
use machi_http::client::{Client, ClientSettings, Egress};
use machi_testkit::{Moto, eventually, python_with};
use machi_types::{Language, Name, TenantId, Timestamp};

const BUCKET: &str = "city";
static PLACES: AtomicUsize = AtomicUsize::new(0);

fn python() -> Option<PathBuf> {
    python_with(&["moto.server", "flask_cors"])
}

fn bucket_at(endpoint: &str, place: &str) -> Bucket {
    let client = Client::new(ClientSettings {
        egress: Egress::allowing(vec!["127.0.0.0/8".parse().unwrap()]),
        authorities: None,
        connect_patience: Duration::from_secs(2),
        kept_per_host: 4,
        kept_for: Duration::from_secs(10),
    });
    let settings = Settings {
        place: place.parse().unwrap(),
        endpoint: Some(endpoint.to_owned()),
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("key".to_owned(), "a secret".to_owned(), None),
        client: client.unwrap(),
    };
    Bucket::new(settings).unwrap()
}

/// A prefix of the bucket that nobody else uses.
fn fresh(moto: &Moto) -> Bucket {
    let place = format!("s3://{BUCKET}/a/{}", PLACES.fetch_add(1, Ordering::Relaxed));
    bucket_at(&moto.url(), &place)
}

fn lake(bucket: Bucket) -> HistoryLake {
    HistoryLake::on(Arc::new(bucket), Options::default())
}

fn tenant() -> TenantId {
    "Aoi".parse().unwrap()
}

/// A delivery of a head for an entity of its own.
fn delivery(number: u64) -> Delivery<'static> {
    let at = Timestamp::from_micros(number as i64);
    let types = Arc::from([Name::from("urn:t")]);
    let head =
        Head { modified_at: at, created_at: at, deleted_at: None, expires_at: None, origin: Origin::Change, types };
    let heads = vec![(Name::from(format!("urn:a:{number}")), vec![head].into())];
    Delivery { up_to: Some(machi_store::Position::single(number)), heads, ..Delivery::default() }
}

fn count(lake: &HistoryLake) -> usize {
    let wanted = machi_archive::WantedEvolutions::After { after: None, limit: 1000, types: None };
    let evolutions = lake.open(&tenant()).unwrap().evolutions(&wanted).unwrap();
    evolutions.iter().map(|one| one.heads.len()).sum()
}

#[test]
fn the_archive_in_a_bucket_keeps_the_laws() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    conformance::laws(&|| Arc::new(lake(fresh(&moto))));
    conformance::random(&lake(fresh(&moto)), 1, 6);
}

#[test]
fn names_are_files_as_in_a_folder() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    let bucket = fresh(&moto);
    assert!(bucket.put_new("=41oi/log/1", b"one").unwrap());
    assert!(!bucket.put_new("=41oi/log/1", b"two").unwrap(), "there is one");
    assert!(bucket.put_new("=41oi/log/1", b"one").unwrap(), "an earlier try of the same was ours");
    assert_eq!(&*bucket.read("=41oi/log/1").unwrap(), b"one");
    bucket.put("=41oi/last", b"1").unwrap();
    bucket.put("=41oi/last", b"2").unwrap();
    assert_eq!((bucket.exists("=41oi/last").unwrap(), bucket.exists("=41oi/first").unwrap()), (true, false));
    assert_eq!(bucket.read("none").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    let listed = bucket.list("=41oi").unwrap();
    assert_eq!(listed.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["last"]);
    assert!(listed[0].age < Duration::from_mins(1));
    assert!(bucket.list("=41").unwrap().is_empty(), "a folder is no prefix of a name");
    assert_eq!(bucket.folders("").unwrap(), ["=41oi"]);
    for length in [0, 5, 20 << 20] {
        let content: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        let mut upload = bucket.create("=41oi/data").unwrap();
        content.chunks(1 << 20).for_each(|piece| upload.write_all(piece).unwrap());
        upload.finish().unwrap();
        assert!(*bucket.read("=41oi/data").unwrap() == *content);
    }
    let parts = bucket.open("=41oi/data").unwrap();
    assert_eq!(
        &*parts.read_at((16 << 20) - 1, 3).unwrap(),
        [(16 << 20) - 1, 16 << 20, (16 << 20) + 1].map(|n| (n % 251) as u8)
    );
    assert_eq!(parts.read_at((20 << 20) - 1, 2).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    drop(bucket.create("=41oi/given-up").unwrap());
    assert!(!bucket.exists("=41oi/given-up").unwrap());
    bucket.remove("=41oi/data").unwrap();
    bucket.remove("=41oi/data").unwrap();
    bucket.remove_folder("=41oi").unwrap();
    assert!(bucket.folders("").unwrap().is_empty());
}

#[test]
fn two_that_write_to_one_bucket_lose_nothing() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    let lakes = [0, 1].map(|_| lake(bucket_at(&moto.url(), &format!("s3://{BUCKET}/both"))));
    std::thread::scope(|scope| {
        for lake in &lakes {
            scope.spawn(move || {
                for number in 1..=20 {
                    // Both read the same feed, so that what one has taken the other passes over.
                    lake.take(&tenant(), delivery(number)).unwrap();
                    if number % 10 == 0 {
                        lake.keep_in_order(&tenant()).unwrap();
                    }
                }
            });
        }
    });
    for lake in &lakes {
        assert_eq!(count(lake), 20);
        assert!(lake.verify(&tenant()).unwrap().faults.is_empty());
    }
}

#[test]
fn a_bucket_that_cannot_be_used_is_told_in_both_languages() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    let said = |lake: &HistoryLake| match lake.take(&tenant(), delivery(1)) {
        Err(error @ ArchiveError::Unreachable { .. }) => error.text(),
        other => panic!("{other:?}"),
    };
    let none = said(&lake(bucket_at(&moto.url(), "s3://none")));
    assert!(none.in_language(Language::English).contains("there is no such bucket"), "{none:?}");
    assert!(none.in_language(Language::Japanese).contains("バケットが存在しません"), "{none:?}");
    let kept = lake(fresh(&moto));
    kept.take(&tenant(), delivery(1)).unwrap();
    moto.shut();
    let silent = match kept.take(&tenant(), delivery(2)) {
        Err(error) => error.text(),
        Ok(()) => panic!("nobody is there"),
    };
    assert!(silent.in_language(Language::English).contains("does not answer"), "{silent:?}");
    assert!(silent.in_language(Language::Japanese).contains("応答がありません"), "{silent:?}");
    moto.open();
    eventually("the bucket is used again", || kept.take(&tenant(), delivery(2)).ok());
    assert_eq!(count(&kept), 2);
}
