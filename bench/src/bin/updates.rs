//! Moves a demo city by single requests, so many a second, for whoever watches it meanwhile; `make bench-map` runs it.
//!
//! `target/release/updates 127.0.0.1:8080 [a second]`
//!
//! A quarter of them moves a bus, a quarter sets a streetlight, a quarter a parking spot, a quarter the temperature of
//! a room. A line on every five seconds tells how many were taken and how long they took, until the process is ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use machi_bench::client::{Answer, Client};
use machi_bench::load;
use machi_bench::names::mix;
use machi_bench::paced::{self, MakeNumbered};
use machi_types::{Json, json};

const CONNECTIONS: u64 = 8;
const TOLD_EVERY: u64 = 5;
/// Entities of a type; a metropolis has half a million rooms, and a part of them does as well.
const MOST: usize = 100_000;
const PAGE: usize = 1000;

/// What is changed of an entity.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Move,
    Light,
    Park,
    Warm,
}

const DEEDS: [(&str, Deed); 4] =
    [("Vehicle", Deed::Move), ("Streetlight", Deed::Light), ("ParkingSpot", Deed::Park), ("Room", Deed::Warm)];

/// Entities of one type, with where they stand.
#[derive(Debug)]
struct Movers {
    deed: Deed,
    all: Vec<(String, f64, f64)>,
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let address: SocketAddr = arguments
        .get(1)
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| std::io::Error::other("the first argument is the city's address, such as 127.0.0.1:8080"))?;
    let rate: u64 = arguments.get(2).and_then(|rate| rate.parse().ok()).filter(|rate| *rate > 0).unwrap_or(1000);
    let movers = Arc::new(movers(address)?);
    println!("{} entities to move", movers.iter().map(|one| one.all.len()).sum::<usize>());
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(drive(address, rate, movers))
}

async fn drive(address: SocketAddr, rate: u64, movers: Arc<Vec<Movers>>) -> std::io::Result<()> {
    let count = rate * TOLD_EVERY;
    for round in 0.. {
        let movers = Arc::clone(&movers);
        let make: MakeNumbered = Arc::new(move |number| request(&movers, round * count + number));
        let run = paced::run(address, CONNECTIONS, count, Some(Duration::from_secs(1) / rate as u32), make).await;
        let took = run.took();
        println!(
            "{:.0}/s p50 {:.1?} p99 {:.1?} refused {}",
            run.rate(),
            took.within(0.5),
            took.within(0.99),
            run.refused
        );
        if run.rate() == 0.0 {
            return Err(std::io::Error::other("the city takes no updates"));
        }
    }
    Ok(())
}

fn request(movers: &[Movers], number: u64) -> Vec<u8> {
    let random = mix(number + 1);
    let Movers { deed, all } = &movers[(number % movers.len() as u64) as usize];
    let (id, longitude, latitude) = &all[(random % all.len() as u64) as usize];
    let value = random >> 32;
    let body = match deed {
        Deed::Move => {
            let aside = |bits: u64| (bits % 100) as f64 / 1e5;
            let (longitude, latitude) = (longitude + aside(value), latitude + aside(value >> 8));
            format!(
                r#"{{"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{longitude:.6},{latitude:.6}]}}}},"bearing":{{"type":"Property","value":{}}}}}"#,
                value % 360
            )
        }
        Deed::Light => {
            format!(r#"{{"illuminanceLevel":{{"type":"Property","value":{}}}}}"#, (value % 100) as f64 / 100.0)
        }
        Deed::Park => {
            format!(r#"{{"status":{{"type":"Property","value":"{}"}}}}"#, ["free", "occupied"][value as usize % 2])
        }
        Deed::Warm => {
            format!(
                r#"{{"temperature":{{"type":"Property","value":{},"unitCode":"CEL"}}}}"#,
                (value % 300) as f64 / 10.0
            )
        }
    };
    load::with_body("PATCH", &format!("/ngsi-ld/v1/entities/{id}/attrs"), &body)
}

/// The entities of all types of which the city has any.
fn movers(address: SocketAddr) -> std::io::Result<Vec<Movers>> {
    let mut client = Client::connect(address)?;
    let mut movers = Vec::new();
    for (kind, deed) in DEEDS {
        let mut all = Vec::new();
        let mut next = Some(format!("/ngsi-ld/v1/entities?type={kind}&pick=id,location&limit={PAGE}"));
        while let Some(path) = next.filter(|_| all.len() < MOST) {
            let answer = client.ask(&load::get(&path, ""))?;
            all.extend(entities(&answer)?);
            next = answer.next();
        }
        if !all.is_empty() {
            movers.push(Movers { deed, all });
        }
    }
    match movers.is_empty() {
        true => Err(std::io::Error::other("the city has nothing that moves: load one with machi demo")),
        false => Ok(movers),
    }
}

fn entities(answer: &Answer) -> std::io::Result<Vec<(String, f64, f64)>> {
    let parsed = json::parse(&answer.body, json::DEFAULT_DEPTH).map_err(std::io::Error::other)?;
    let list = parsed.as_array().ok_or_else(|| std::io::Error::other(answer.text().to_owned()))?;
    Ok(list.iter().filter_map(placed).collect())
}

fn placed(entity: &Json<'_>) -> Option<(String, f64, f64)> {
    let place = entity.get("location")?.get("value")?.get("coordinates")?.as_array()?;
    Some((entity.get("id")?.as_str()?.to_owned(), place.first()?.as_f64()?, place.get(1)?.as_f64()?))
}
