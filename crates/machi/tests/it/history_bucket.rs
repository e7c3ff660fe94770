//! A city whose past is archived in a bucket, which the package moto serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::kit::*;
use crate::python::{comes_to, program};

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

/// A machi command with the credentials; whether it succeeded, and what it said.
fn machi(arguments: &[&str], places: &[&Path]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
    command.env("LC_ALL", "C").envs(environment()).args(arguments).args(places);
    let done = command.output().expect("the binary runs");
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn change(client: &Client, values: std::ops::RangeInclusive<i64>) {
    for value in values {
        client
            .patch(&format!("/entities/{}", thing("x")))
            .json(json!({"a": property(value)}))
            .send()
            .expect_status(204);
        thread::sleep(Duration::from_millis(20));
    }
}

/// The values that the temporal API tells, in their order.
fn values(client: &Client) -> Vec<i64> {
    let query = [("timeproperty", "modifiedAt"), ("options", "temporalValues")];
    let answer =
        client.get(&format!("/temporal/entities/{}", thing("x"))).query(&query).send().expect_status(200).json();
    answer["a"]["values"].as_array().into_iter().flatten().filter_map(|pair| pair[0].as_i64()).collect()
}

/// The values that the package deltalake reads from the bucket, sorted.
fn read(python: &Path, moto: &Moto, place: &str) -> Result<Vec<i64>, String> {
    let table = format!("s3://{BUCKET}/{place}/_default/instances");
    let mut command = program(python, "past.py");
    command.args(["deltalake", &table, "numbers"]).envs(environment());
    command.envs([("AWS_ENDPOINT_URL", &*moto.direct()), ("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "us-east-1")]);
    let ran = command.output().expect("Python runs");
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
    }
    let rows: Vec<Value> = serde_json::from_slice(&ran.stdout).expect("an array is printed");
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
    change(&client, 1..=60);
    comes_to(&(0..=60).collect(), || read(&python, &moto, "past"));
    assert_eq!(values(&client), (0..=60).collect::<Vec<_>>());
    assert!(!city.data().join("history").exists(), "nothing of it lies in the folder");
    let (done, said) = machi(&["verify", "--data"], &[&city.data()]);
    assert!(done && said.contains("of the past"), "{said}");
    city.kill();
    let (done, resting) = machi(&["verify", "--data"], &[&city.data()]);
    assert!(done && resting.contains("rows in"), "{resting}");
    city.restart();
    assert_eq!(values(&client), (0..=60).collect::<Vec<_>>());
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
    change(&client, 1..=30);
    let (done, said) = machi(&["backup", "--data"], &[&city.data(), &backup]);
    assert!(done, "{said}");
    change(&client, 31..=32);
    let (done, said) = machi(&["restore", "--data"], &[&data, &backup]);
    assert!(done, "{said}");
    let restored = start(Options { data: Some(data.clone()), ..Options::default() });
    assert_eq!(values(&restored.client()), (0..=30).collect::<Vec<_>>());
    restored.stop();
    let leftovers = fs::read_dir(city.data()).expect("the folder is read").flatten();
    assert!(!leftovers.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("backup-under-way")));
    // The restored city has its past in its folder; the city itself has it in the bucket, and nowhere else.
    expect_refusal(&moto, "past", &data, "copy what is in this folder to an empty place");
    expect_refusal(&moto, "past", &folder.path().join("other"), "holds the past of another city");
    city.stop();
    expect_refusal(&moto, "elsewhere", &city.data(), "the past of this city lies in s3://city/past");
    let (done, said) = machi(&["serve", "--open", "--listen", "127.0.0.1:0", "--data"], &[&city.data()]);
    assert!(!done && said.contains("the past of this city lies in s3://city/past"), "{said}");
}

/// A city on this folder with this place does not start, and says why.
fn expect_refusal(moto: &Moto, place: &str, data: &Path, why: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("machi.toml");
    fs::write(&config, options(moto, place).config.unwrap_or_default()).expect("the folder takes a file");
    let config = config.to_string_lossy().into_owned();
    let (done, said) = machi(&["serve", "--open", "--listen", "127.0.0.1:0", "--config", &config, "--data"], &[data]);
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
    change(&client, 1..=10);
    comes_to(&(0..=10).collect(), || read(&python, &moto, "past"));
    moto.shut();
    change(&client, 11..=20);
    eventually("the city worries", || {
        let health = client.get("/healthz").send().text();
        health.contains("the bucket does not answer").then_some(())
    });
    assert!(city.log().contains("the bucket does not answer"), "{}", city.log());
    city.kill();
    city.restart();
    change(&client, 21..=22);
    assert_eq!(client.retrieve(&thing("x"))["a"]["value"], 22);
    moto.open();
    comes_to(&(0..=22).collect(), || read(&python, &moto, "past"));
    eventually("the worry is over", || (!client.get("/healthz").send().text().contains("the bucket")).then_some(()));
    assert_eq!(values(&client), (0..=22).collect::<Vec<_>>());
}
