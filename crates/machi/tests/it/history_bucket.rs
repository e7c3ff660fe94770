//! A city whose past is archived in a bucket, which the package moto serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::kit::*;
use crate::python::{comes_to, read_outside_with};

const BUCKET: &str = "city";
const KEY: &str = "AKIA0000000000000000";
const SECRET: &str = "not/to/be/seen+anywhere";

fn python() -> Option<PathBuf> {
    python_with(&["moto.server", "flask_cors", "deltalake"])
}

fn environment() -> Environment {
    [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)]
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into()
}

fn options(moto: &Moto, place: &str) -> Options {
    let config = format!(
        "[history]\nbucket = \"s3://{BUCKET}/{place}\"\nendpoint = \"{}\"\narchive_after = \"50ms\"\nupkeep = \"100ms\"\n",
        moto.url()
    );
    Options { config: Some(config), environment: environment(), ..Options::default() }
}

fn start(options: Options) -> City {
    City::start_with(env!("CARGO_BIN_EXE_machi"), options)
}

/// Sets values one after the other, with a rest behind each in which it may be archived.
fn change_slowly(client: &Client, values: std::ops::RangeInclusive<i64>) {
    for value in values {
        change(client, value);
        thread::sleep(Duration::from_millis(20));
    }
}

/// The values that the package deltalake reads from the bucket, sorted.
fn read(python: &Path, moto: &Moto, place: &str) -> Result<Vec<i64>, String> {
    let table = format!("s3://{BUCKET}/{place}/_default/instances");
    let place = [("AWS_ENDPOINT_URL", &*moto.direct()), ("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "us-east-1")];
    let place = place.map(|(name, value)| (name.to_owned(), value.into()));
    let environment = environment().into_iter().chain(place).collect();
    let rows = read_outside_with(python, environment, "deltalake", &table, "numbers")?;
    let mut values: Vec<i64> = rows.iter().filter_map(|row| row[2].as_f64()).map(|value| value as i64).collect();
    values.sort_unstable();
    Ok(values)
}

// Issue 4, build 1: the archive in a bucket: read from outside, verified, backed up, and the same after a kill.
#[test]
fn the_past_lies_in_a_bucket() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    let city = start(options(&moto, "past"));
    let client = city.client();
    client.create(&t("x", json!({"a": property(0)})));
    change_slowly(&client, 1..=60);
    comes_to(&(0..=60).collect(), || read(&python, &moto, "past"));
    assert_eq!(past_values(&client), (0..=60).collect::<Vec<_>>());
    assert!(!city.data().join("history").exists(), "nothing of it lies in the folder");
    let (done, said) = machi(city.environment(), &["verify", "--data"], &[&city.data()]);
    assert!(done && said.contains("of the past"), "{said}");
    city.kill();
    let (done, resting) = machi(city.environment(), &["verify", "--data"], &[&city.data()]);
    assert!(done && resting.contains("rows in"), "{resting}");
    city.restart();
    assert_eq!(past_values(&client), (0..=60).collect::<Vec<_>>());
    let remembered = fs::read_to_string(city.data().join("history-bucket.toml")).expect("the bucket is remembered");
    for shown in [&city.log(), &remembered, &said] {
        assert!(!shown.contains(SECRET) && !shown.contains(KEY), "{shown}");
    }
}

// Issue 4, build 1: a backup holds the past, wherever it lies, and no two cities write into one place.
#[test]
fn a_backup_of_a_past_in_a_bucket_is_whole() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (backup, data) = (folder.path().join("backup"), folder.path().join("restored"));
    let city = start(options(&moto, "past"));
    let client = city.client();
    client.create(&t("x", json!({"a": property(0)})));
    change_slowly(&client, 1..=30);
    let (done, said) = machi(city.environment(), &["backup", "--data"], &[&city.data(), &backup]);
    assert!(done, "{said}");
    change_slowly(&client, 31..=32);
    let (done, said) = machi(city.environment(), &["restore", "--data"], &[&data, &backup]);
    assert!(done, "{said}");
    let restored = start(Options { data: Some(data.clone()), ..Options::default() });
    assert_eq!(past_values(&restored.client()), (0..=30).collect::<Vec<_>>());
    restored.stop();
    let leftovers = fs::read_dir(city.data()).expect("the folder is read").flatten();
    assert!(!leftovers.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("backup-under-way")));
    // The restored city has its past in its folder; the city itself has it in the bucket, and nowhere else.
    expect_refusal(&moto, "past", &data, "copy what is in this folder to an empty place");
    expect_refusal(&moto, "past", &folder.path().join("other"), "holds the past of another city");
    city.stop();
    expect_refusal(&moto, "elsewhere", &city.data(), "the past of this city lies in s3://city/past");
    let (done, said) =
        machi(city.environment(), &["serve", "--open", "--listen", "127.0.0.1:0", "--data"], &[&city.data()]);
    assert!(!done && said.contains("the past of this city lies in s3://city/past"), "{said}");
}

/// A city on this folder with this place does not start, and says why.
fn expect_refusal(moto: &Moto, place: &str, data: &Path, why: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("machi.toml");
    fs::write(&config, options(moto, place).config.unwrap_or_default()).expect("the folder takes a file");
    let config = config.to_string_lossy().into_owned();
    let (done, said) =
        machi(&environment(), &["serve", "--open", "--listen", "127.0.0.1:0", "--config", &config, "--data"], &[data]);
    assert!(!done && said.contains(why), "{said}");
}

// Issue 4, build 1: while the bucket cannot be reached, changes are taken and wait, and the city says so.
#[test]
fn changes_wait_while_the_bucket_is_away() {
    let Some(python) = python() else { return };
    let moto = Moto::start(&python, BUCKET);
    let city = start(options(&moto, "past"));
    let client = city.client();
    client.create(&t("x", json!({"a": property(0)})));
    change_slowly(&client, 1..=10);
    comes_to(&(0..=10).collect(), || read(&python, &moto, "past"));
    moto.shut();
    change_slowly(&client, 11..=20);
    eventually("the city worries", || {
        let health = client.get("/healthz").send().text();
        health.contains("the bucket does not answer").then_some(())
    });
    assert!(city.log().contains("the bucket does not answer"), "{}", city.log());
    city.kill();
    city.restart();
    change_slowly(&client, 21..=22);
    assert_eq!(client.retrieve(&thing("x"))["a"]["value"], 22);
    moto.open();
    comes_to(&(0..=22).collect(), || read(&python, &moto, "past"));
    eventually("the worry is over", || (!client.get("/healthz").send().text().contains("the bucket")).then_some(()));
    assert_eq!(past_values(&client), (0..=22).collect::<Vec<_>>());
}
