//! An archived past read by engines that know nothing of Machi: their totals are those of the temporal API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::kit::*;
use crate::python::{comes_to, read_outside};

const STATIONS: i64 = 6;
/// What numbers are observed of, and what else.
const NUMBERS: [&str; 2] = ["temperature", "level"];
const OTHERS: [&str; 3] = ["near", "location", "state"];
/// The dataset of a second sensor.
const SECOND: &str = "urn:ngsi-ld:Dataset:second";

/// A city that archives at once, sums up its logs and keeps nothing for long that is merged.
fn start() -> City {
    let config = "[history]\narchive_after = \"1ms\"\nupkeep = \"100ms\"\nfiles_kept = \"2s\"\n";
    let options = Options { config: Some(config.to_owned()), ..Options::default() };
    City::start_with(env!("CARGO_BIN_EXE_machi"), options)
}

fn station(number: i64) -> String {
    format!("urn:ngsi-ld:Station:{number}")
}

/// A time within ten days, not in the order of the numbers.
fn time(number: i64) -> String {
    let day = number * 7 % 10 + 1;
    format!("2026-03-{day:02}T{:02}:{:02}:{:02}.250Z", number % 24, number * 13 % 60, number * 5 % 60)
}

/// A value of which sums are exact in binary.
fn observed(value: i64, number: i64) -> Value {
    json!({"type": "Property", "value": value as f64 / 4.0, "observedAt": time(number)})
}

fn create(client: &Client) {
    for number in 0..STATIONS {
        client.create(&entity(&station(number), if number % 2 == 0 { "Station" } else { "Gauge" }, json!({})));
    }
}

/// One more of everything that a station may tell.
fn observe(client: &Client, number: i64) {
    let id = station(number % STATIONS);
    let mut second = observed(-number, number);
    second["datasetId"] = json!(SECOND);
    let at = time(number);
    let fragment = json!({
        "temperature": [observed(number, number), second],
        "near": {"type": "Relationship", "object": station(number * 5 % STATIONS), "observedAt": at},
        "location": {"type": "GeoProperty", "observedAt": at,
                     "value": {"type": "Point", "coordinates": [139 + number % 3, 35]}},
        "state": {"type": "Property", "value": if number % 3 == 0 { "on" } else { "off" }, "observedAt": at},
    });
    client.post(&format!("/entities/{id}/attrs")).json(fragment).send().expect_status(204);
    let path = format!("/temporal/entities/{id}");
    let told = json!({"level": [observed(3 * number, number + 100), observed(5, number + 200)]});
    client.post(&format!("{path}/attrs")).json(told).send().expect_status(204);
    match number % 7 {
        2 => correct(client, &path, number),
        4 => drop(client.delete(&format!("/entities/{id}/attrs/near")).send().expect_status(204)),
        6 => drop(client.delete(&format!("{path}/attrs/state")).send().expect_status(204)),
        _ => {}
    }
}

/// Corrects one instance and deletes another, some of which are archived already.
fn correct(client: &Client, path: &str, number: i64) {
    let query = [("attrs", "level"), ("options", "sysAttrs")];
    let evolution = client.get(path).query(&query).send().expect_status(200).json();
    let instances = evolution["level"].as_array().expect("there are several");
    let of = |at: usize| format!("{path}/attrs/level/{}", instances[at]["instanceId"].as_str().expect("an id"));
    client.patch(&of(0)).json(observed(1000 + number, number + 300)).send().expect_status(204);
    client.delete(&of(instances.len() / 2)).send().expect_status(204);
}

/// Deletes for good what an evolution held, and by the core API what is shown.
fn delete(client: &Client) {
    client.delete(&format!("/temporal/entities/{}", station(1))).send().expect_status(204);
    client.delete(&format!("/entities/{}", station(2))).send().expect_status(204);
}

/// Whether files were merged and the log was summed up, so that readers begin with a checkpoint.
fn is_in_order(table: &Path) -> bool {
    let log = table.join("_delta_log");
    log.join("_last_checkpoint").exists() && !log.join(format!("{:020}.json", 0)).exists()
}

/// Series, and day since 1970: number of instances, and of numbers sum, least and most.
type Days = BTreeMap<String, Value>;

/// What the temporal API counts by day.
fn told_days(client: &Client) -> Days {
    let mut days = Days::new();
    for (attributes, methods) in [(&NUMBERS[..], "totalCount,sum,min,max"), (&OTHERS[..], "totalCount")] {
        let attributes = attributes.join(",");
        let query = [
            ("type", "Station,Gauge"),
            ("attrs", &attributes),
            ("timerel", "after"),
            ("timeAt", "2026-02-28T00:00:00Z"),
            ("format", "aggregatedValues"),
            ("aggrMethods", methods),
            ("aggrPeriodDuration", "P1D"),
        ];
        let answer = client.get("/temporal/entities").query(&query).send().expect_status(200).json();
        for entity in answer.as_array().expect("evolutions") {
            let members = entity.as_object().expect("an evolution").iter();
            for (name, series) in members.filter(|(name, _)| !matches!(name.as_str(), "id" | "type" | "@context")) {
                let many = series.as_array().cloned().unwrap_or_else(|| vec![series.clone()]);
                many.iter().for_each(|one| tell_days(&entity["id"], name, one, &mut days));
            }
        }
    }
    days
}

fn tell_days(id: &Value, name: &str, series: &Value, days: &mut Days) {
    let value =
        |method: &str, place: usize| series[method][place][0].as_f64().or_else(|| null_where_none(series, method));
    for (place, period) in series["totalCount"].as_array().expect("counts").iter().enumerate() {
        let day = period[1].as_str().and_then(|time| time.strip_prefix("2026-03-")?.get(..2)?.parse::<i64>().ok());
        let day = day.expect("a day in March") + 20_512;
        let key = json!([id, stored(name), series.get("datasetId").unwrap_or(&json!("")), day]).to_string();
        let row = json!([period[0], value("sum", place), value("min", place), value("max", place)]);
        assert!(days.insert(key, row).is_none(), "a day is told once");
    }
}

/// The name of an attribute as it is stored.
fn stored(name: &str) -> String {
    if name == "location" { "https://uri.etsi.org/ngsi-ld/location".to_owned() } else { full(name) }
}

/// Where a method was not asked for there is no value.
fn null_where_none(series: &Value, method: &str) -> Option<f64> {
    assert!(series.get(method).is_none(), "{series}");
    None
}

/// What an outside reader counts by day.
fn read_days(python: &Path, reader: &str, table: &str) -> Result<Days, String> {
    let of_row = |row: Value| {
        let row = row.as_array().cloned().unwrap_or_default();
        let (key, values) = row.split_at(4);
        (json!(key).to_string(), json!(values))
    };
    Ok(read_outside(python, reader, table, "days")?.into_iter().map(of_row).collect())
}

/// The evolutions of the city.
fn told_ids(client: &Client) -> Vec<Value> {
    let query = [
        ("type", "Station,Gauge"),
        ("attrs", "temperature,level"),
        ("timerel", "after"),
        ("timeAt", "2026-01-01T00:00:00Z"),
    ];
    let answer = client.get("/temporal/entities").query(&query).send().expect_status(200).json();
    answer.as_array().expect("evolutions").iter().map(|one| json!([one["id"]])).collect()
}

/// Those who read it in a short run, and Spark where a long run names its Python.
fn readers(python: &Path) -> Vec<(&'static str, PathBuf)> {
    let spark = std::env::var_os("MACHI_SOAK_SPARK").map(|python| ("spark", python.into()));
    [("deltalake", python.to_owned()), ("duckdb", python.to_owned())].into_iter().chain(spark).collect()
}

// Issue 4, line 4: the same totals by the temporal API and by readers that know nothing of Machi.
#[test]
fn outside_readers_count_what_the_temporal_api_counts() {
    let Some(python) = python_with(&["deltalake", "duckdb"]) else { return };
    let city = start();
    let client = city.client();
    let (instances, heads) =
        (city.data().join("history/_default/instances"), city.data().join("history/_default/heads"));
    create(&client);
    let mut number = 0;
    eventually("files are merged and the log is summed up", || {
        for _ in 0..STATIONS {
            number += 1;
            observe(&client, number);
        }
        thread::sleep(Duration::from_millis(50));
        is_in_order(&instances).then_some(())
    });
    delete(&client);
    let told = told_days(&client);
    assert!(told.len() > 100, "the past is varied: {told:?}");
    let folder = instances.to_string_lossy().into_owned();
    let mut ids = told_ids(&client);
    // What is there at present has a head, although its past was deleted.
    assert!(!ids.contains(&json!([station(1)])), "{ids:?}");
    ids.insert(1, json!([station(1)]));
    for (reader, python) in readers(&python) {
        comes_to(&told, || read_days(&python, reader, &folder));
        println!("{reader}: {} rows of {number} rounds", told.len());
        comes_to(&ids, || read_outside(&python, reader, &heads.to_string_lossy(), "entities"));
    }
}
