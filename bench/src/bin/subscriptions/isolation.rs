//! One dead, one slow and one flapping receiver among a hundred healthy ones: whether the healthy ones feel it.

use std::sync::Arc;
use std::time::Duration;

use machi_bench::load;
use machi_bench::paced::{self, MakeNumbered};
use machi_bench::process::Server;
use machi_bench::receiver::{Arrival, Behaviour, Receiver};

const HEALTHY: usize = 100;
const UPDATES_PER_SECOND: u64 = 100;
/// Healthy receivers that each update is for; the bad ones hear of every update.
const GROUPS: u64 = 10;
const ROUNDS: u64 = 5;
const MARK: &str = "serial";
const BAD: [&str; 3] = ["dead", "slow", "flapping"];

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
    let bad = [dead_url, slow.url(), flapping.url()];
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        without.push(p99(&machi, &healthy, time, 2 * round).await);
        for (name, url) in BAD.iter().zip(&bad) {
            send(&machi, "POST", "/ngsi-ld/v1/subscriptions", &subscription(name, None, url)).await;
        }
        with.push(p99(&machi, &healthy, time, 2 * round + 1).await);
        for name in BAD {
            send(&machi, "DELETE", &format!("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:{name}"), "").await;
        }
    }
    flaps.abort();
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (without, with) = (middle(&mut without), middle(&mut with));
    let more = 100.0 * (with.as_secs_f64() / without.as_secs_f64() - 1.0);
    println!(
        "p99 of {HEALTHY} healthy receivers: {without:.2?}, beside a dead, a slow and a flapping one {with:.2?}, {more:+.0}% (medians of {ROUNDS})"
    );
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

async fn p99(machi: &Server, healthy: &[Receiver], time: Duration, round: u64) -> Duration {
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
    let mut took: Vec<i64> =
        arrivals.iter().map(|arrival| arrival.arrived_at.micros() - arrival.notified_at.micros()).collect();
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    let p99 = Duration::from_micros(p99.max(0).cast_unsigned());
    println!("{} the bad receivers: p99 {p99:.2?}", if round.is_multiple_of(2) { "without" } else { "with" });
    p99
}
