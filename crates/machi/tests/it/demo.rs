//! The demo city in the real binary: it is taken as it is, it moves, and it floods when somebody asks for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use machi_demo::Size;
use machi_types::{Clock, SystemClock};

use crate::kit::*;

const SCENARIO: &str = "urn:ngsi-ld:CityScenario:shiomi:flood";
const DEMO: &str = "urn:ngsi-ld:DemoCity:shiomi";

/// A running simulator, which ends with this value.
struct Simulator {
    child: Child,
    said: PathBuf,
    _folder: tempfile::TempDir,
}

impl Simulator {
    fn start(url: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
        command.args(["demo", "--url", url]).args(more).env("LC_ALL", "C").stdin(Stdio::null());
        let output = File::create(&said).unwrap();
        let child = command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        Self { child, said, _folder: folder }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    #[track_caller]
    fn says(&self, what: &str) {
        eventually(&format!("the simulator says \"{what}\""), || self.said().contains(what).then_some(()));
    }

    fn end(mut self) -> (ExitStatus, String) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        (self.child.wait().unwrap(), self.said())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// Issue 3: entities of the Smart Data Models, in the terms of the core @context alone.
#[test]
fn every_entity_of_the_demo_city_is_taken() {
    let tenant = tenant();
    let mut count = 0;
    for seed in [1, 2] {
        for batch in machi_demo::batches(Size::Small, seed, SystemClock.now(), 500) {
            let entities: Value = serde_json::from_slice(&batch).unwrap();
            for entity in entities.as_array().unwrap() {
                let has_place = entity["location"]["value"]["coordinates"].is_array();
                let has_name = ["ja", "en"].iter().all(|tag| entity["name"]["languageMap"][tag].is_string());
                let scope = entity["scope"].as_str().unwrap();
                assert!(has_place && has_name && scope.starts_with("/shiomi"), "{entity}");
            }
            count += entities.as_array().unwrap().len();
            tenant.post("/entityOperations/create").json(entities).send().expect_status(201);
        }
        assert_eq!(tenant.find(&[("type", "EvacuationShelter")]).as_array().unwrap().len(), 12);
        purge(&tenant);
    }
    assert!((3_400..4_800).contains(&count), "{count}");
}

#[test]
fn a_metropolis_has_names_and_places_that_are_taken_too() {
    let tenant = tenant();
    // What the whole city shares, the first district, and then one batch of many districts.
    let batches = || machi_demo::batches(Size::Metropolis, 1, SystemClock.now(), 2000);
    for batch in batches().take(5).chain(batches().skip(5).take(200).step_by(20)) {
        let entities: Value = serde_json::from_slice(&batch).unwrap();
        tenant.post("/entityOperations/create").json(entities).send().expect_status(201);
    }
}

fn purge(tenant: &Client) {
    for batch in machi_demo::batches(Size::Small, 1, SystemClock.now(), 1000) {
        let entities: Value = serde_json::from_slice(&batch).unwrap();
        tenant.post("/entityOperations/delete").json(json!(ids(&entities))).send();
    }
}

// Issue 3: relationships between things: room in building in district, sensor in room, bus on route.
#[test]
fn every_relationship_of_the_demo_city_leads_somewhere() {
    let (mut known, mut named) = (Vec::new(), Vec::new());
    for batch in machi_demo::batches(Size::Small, 1, SystemClock.now(), 1000) {
        let entities: Value = serde_json::from_slice(&batch).unwrap();
        for entity in entities.as_array().unwrap() {
            known.push(entity["id"].as_str().unwrap().to_owned());
            let objects = entity.as_object().unwrap().values().filter_map(|value| value["object"].as_str());
            named.extend(objects.map(str::to_owned));
        }
    }
    known.sort();
    assert!(named.len() > 500 && named.iter().all(|id| known.binary_search(id).is_ok()));
}

// Issue 3: the simulator moves the city through the public API, and a flood is started by a change of one attribute.
#[test]
fn the_demo_city_moves_floods_and_survives_restarts() {
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let client = city.client();
    let simulator = Simulator::start(&city.url(), &["--rate", "200"]);
    simulator.says("The city moves");
    let buses = || {
        let found = client.find(&[("type", "Vehicle"), ("attrs", "location")]);
        found.as_array().unwrap().iter().map(|bus| bus["location"]["value"].clone()).collect::<Vec<_>>()
    };
    let before = buses();
    eventually("a bus has moved", || (buses() != before).then_some(()));

    // A lamp that somebody switches stays as it is; what is switched here is the opposite of what the hour asks for.
    let lamp = ids(&client.find(&[("type", "Streetlight"), ("limit", "1")])).remove(0);
    let power = || client.retrieve_with(&lamp, &[("options", "keyValues")])["powerState"].clone();
    let other = if power() == "on" { "off" } else { "on" };
    client.patch(&format!("/entities/{lamp}/attrs")).json(json!({"powerState": other})).send().expect_status(204);

    client.patch(&format!("/entities/{SCENARIO}/attrs")).json(json!({"state": "running"})).send().expect_status(204);
    simulator.says("The flood begins.");
    eventually("it pours", || {
        (client.query(&[("type", "WeatherObserved"), ("q", "precipitation>20")]).len() == 2).then_some(())
    });
    let started = client.retrieve_with(SCENARIO, &[("options", "keyValues")])["startedAt"].clone();

    city.kill();
    simulator.says("does not answer");
    city.restart();
    simulator.says("The city answers again.");
    let (status, said) = simulator.end();
    assert!(status.success() && said.matches("The flood begins.").count() == 1, "{said}");
    assert_eq!(power(), other);

    // Another start goes on with the same city and the same flood.
    let simulator = Simulator::start(&city.url(), &[]);
    simulator.says("is there already; nothing is loaded.");
    eventually("the river rises", || {
        (!client.query(&[("type", "WaterObserved"), ("q", "waterLevel>1.4")]).is_empty()).then_some(())
    });
    assert_eq!(client.retrieve_with(SCENARIO, &[("options", "keyValues")])["startedAt"], started);
    let refused = Simulator::start(&city.url(), &["--seed", "2"]);
    refused.says("holds a demo city already, of size small and seed 1");

    client.delete(&format!("/entities/{DEMO}")).send().expect_status(204);
    simulator.says("holds no demo city any more; run the command again to load it");
}

/// How many temperatures of each room are known of the time before the city was loaded.
fn temperatures(client: &Client) -> Vec<(String, Option<u64>)> {
    let until = client.retrieve_with(DEMO, &[("options", "keyValues")])["pastUntil"].as_str().unwrap().to_owned();
    let query = [
        ("type", "Room"),
        ("attrs", "temperature"),
        ("timerel", "before"),
        ("timeAt", &*until),
        ("format", "aggregatedValues"),
        ("aggrMethods", "totalCount"),
        ("limit", "1000"),
    ];
    let rooms = client.get("/temporal/entities").query(&query).send().expect_status(200).json();
    let count = |room: &Value| room["temperature"]["totalCount"][0][0].as_u64();
    rooms.as_array().unwrap().iter().map(|room| (room["id"].as_str().unwrap().to_owned(), count(room))).collect()
}

// Issue 4, build 6: a month of past at the first start, once, and to its end where a start was broken off.
#[test]
fn the_demo_city_has_a_month_of_past_once() {
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let client = city.client();
    let past = || client.retrieve_with(DEMO, &[("options", "keyValues")])["past"].clone();
    let broken = Simulator::start(&city.url(), &[]);
    broken.says("The city moves");
    drop(broken);
    assert_eq!(past(), "begun");

    let simulator = Simulator::start(&city.url(), &[]);
    simulator.says("30 days of past are told");
    let (_, said) = simulator.end();
    assert!(said.contains("is there already; nothing is loaded.") && past() == "told", "{said}");
    let counts = temperatures(&client);
    // Every two hours for thirty days, all of them new: what was told again would have come beside it.
    assert!(counts.len() > 300 && counts.iter().all(|(_, count)| *count == Some(360)), "{counts:?}");

    let simulator = Simulator::start(&city.url(), &[]);
    simulator.says("The city moves");
    eventually("the marker is written again", || {
        let until = client.retrieve_with(DEMO, &[("options", "keyValues")])["simulatedUntil"].clone();
        (until != client.retrieve_with(DEMO, &[("options", "keyValues")])["pastUntil"]).then_some(())
    });
    let (_, said) = simulator.end();
    assert!(!said.contains("of past"), "{said}");
    assert_eq!(temperatures(&client), counts);
}
