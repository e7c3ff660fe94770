//! One dead, one slow and one flapping receiver among a hundred healthy ones: whether the healthy ones feel it.
//!
//! Three more healthy ones that hear of as much as the bad ones are the ceiling: what they cost, work costs.

use std::sync::Arc;
use std::time::Duration;

use machi_bench::load;
use machi_bench::paced::{self, MakeNumbered};
use machi_bench::process::Server;
use machi_bench::receiver::{Arrival, Behaviour, Receiver};
use machi_bench::took::Took;

const HEALTHY: usize = 100;
const UPDATES_PER_SECOND: u64 = 100;
/// Each update is for every tenth of the healthy receivers; those that come and go hear of every update.
const GROUPS: u64 = 10;
const ROUNDS: u64 = 15;
const MARK: &str = "serial";

pub(crate) async fn run(binary: &str, time: Duration) -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city").to_string_lossy().into_owned();
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--open", "--egress-allow", "127.0.0.1/32", "--data", data.as_str()];
    let machi = Server::start(binary, &arguments)?;
    let mut healthy = Vec::new();
    for _ in 0..HEALTHY {
        healthy.push(Receiver::start(MARK).await?);
    }
    let dead = Receiver::start(MARK).await?;
    let dead_url = dead.url();
    drop(dead);
    let (slow, flapping) = (Receiver::start(MARK).await?, Arc::new(Receiver::start(MARK).await?));
    slow.behave(Behaviour::Slow);
    let flapper = Arc::clone(&flapping);
    let flaps = tokio::spawn(async move {
        for behaviour in [Behaviour::Failing, Behaviour::Healthy].into_iter().cycle() {
            flapper.behave(behaviour);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    fill(&machi, &healthy).await;
    let good = [Receiver::start(MARK).await?, Receiver::start(MARK).await?, Receiver::start(MARK).await?];
    let more = [Vec::new(), good.iter().map(Receiver::url).collect(), vec![dead_url, slow.url(), flapping.url()]];
    let mut took: [Vec<Duration>; 3] = Default::default();
    for round in 0..ROUNDS {
        for (kind, urls) in more.iter().enumerate() {
            for (number, url) in urls.iter().enumerate() {
                let body = subscription(&format!("more-{number}"), None, url);
                send(&machi, "POST", "/ngsi-ld/v1/subscriptions", &body).await;
            }
            let number = round * more.len() as u64 + kind as u64;
            took[kind].extend(arrivals(&machi, &healthy, time, number).await);
            for number in 0..urls.len() {
                let path = format!("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:more-{number}");
                send(&machi, "DELETE", &path, "").await;
            }
            good.iter().for_each(|receiver| drop(receiver.take()));
        }
    }
    flaps.abort();
    let names = ["alone", "beside three more healthy ones", "beside a dead, a slow and a flapping one"];
    println!("from commit to arrival at {HEALTHY} healthy receivers, over {ROUNDS} rounds of each:");
    for (name, took) in names.iter().zip(took) {
        let took: Took = took.into_iter().collect();
        let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|share| took.within(share));
        println!("{name}: p50 {p50:.2?}, p90 {p90:.2?}, p99 {p99:.2?}, p99.9 {p999:.2?}");
    }
    println!(
        "the flapping one took {}, the slow one {}; peak memory {} MB",
        flapping.count(),
        slow.count(),
        machi.memory("VmHWM")
    );
    Ok(())
}

async fn send(machi: &Server, method: &str, path: &str, body: &str) {
    let request = load::with_body(method, path, body);
    let make: MakeNumbered = Arc::new(move |_| request.clone());
    let run = paced::run(machi.address, 1, 1, None, make).await;
    assert_eq!(run.refused, 0, "{method} {path} was refused");
}

fn subscription(name: &str, group: Option<usize>, url: &str) -> String {
    let which = group.map_or_else(String::new, |group| format!(r#""idPattern":"^urn:ngsi-ld:Room:{group}:","#));
    format!(
        r#"{{"id":"urn:ngsi-ld:Subscription:{name}","type":"Subscription","entities":[{{{which}"type":"Room"}}],"notification":{{"endpoint":{{"uri":"{url}"}}}}}}"#
    )
}

async fn fill(machi: &Server, healthy: &[Receiver]) {
    for room in 0..1000 {
        let group = room % GROUPS;
        let body = format!(
            r#"{{"id":"urn:ngsi-ld:Room:{group}:{room}","type":"Room","{MARK}":{{"type":"Property","value":0}}}}"#
        );
        send(machi, "POST", "/ngsi-ld/v1/entities", &body).await;
    }
    for (number, receiver) in healthy.iter().enumerate() {
        let body = subscription(&number.to_string(), Some(number % GROUPS as usize), &receiver.url());
        send(machi, "POST", "/ngsi-ld/v1/subscriptions", &body).await;
    }
}

/// Updates for a while, and how long each notification of a healthy receiver took.
async fn arrivals(machi: &Server, healthy: &[Receiver], time: Duration, round: u64) -> Vec<Duration> {
    let count = UPDATES_PER_SECOND * time.as_secs();
    let make: MakeNumbered = Arc::new(move |n| {
        let room = n.wrapping_mul(7919) % 1000;
        let path = format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:{}:{room}/attrs", room % GROUPS);
        let body = format!(r#"{{"{MARK}":{{"type":"Property","value":{}}}}}"#, round * count + n + 1);
        load::with_body("PATCH", &path, &body)
    });
    let beat = Duration::from_secs(1) / UPDATES_PER_SECOND as u32;
    let run = paced::run(machi.address, 8, count, Some(beat), make).await;
    assert_eq!(run.refused, 0, "an update was refused");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let arrivals: Vec<Arrival> = healthy.iter().flat_map(Receiver::take).collect();
    let due = count * HEALTHY as u64 / GROUPS;
    assert_eq!(arrivals.len() as u64, due, "the healthy receivers did not hear all");
    arrivals.iter().map(Arrival::latency).collect()
}
