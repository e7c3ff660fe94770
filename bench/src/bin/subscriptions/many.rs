//! One hundred thousand subscriptions: 500 updates a second of which each matches sixteen, for a minute.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use machi_bench::load::{self, MakeRequest};
use machi_bench::paced::{self, MakeNumbered, Run};
use machi_bench::process::Server;
use machi_bench::receiver::{Arrival, Receiver};
use machi_bench::took::Took;
use machi_types::{Clock, SystemClock, Timestamp};

use super::shapes::{Plan, THROTTLING};

const RECEIVERS: usize = 4;
const UPDATES_PER_SECOND: u64 = 500;
const CONNECTIONS: u64 = 64;
const IDLE: u64 = 10_000;
const THROUGHPUT: Duration = Duration::from_secs(8);
const REST: Duration = Duration::from_secs(5);

pub(crate) async fn run(binary: &str, count: u64, time: Duration) -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city").to_string_lossy().into_owned();
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--open", "--egress-allow", "127.0.0.1/32", "--data", data.as_str()];
    let machi = Server::start(binary, &arguments)?;
    let plan = Arc::new(Plan::new(count));
    let mut receivers = Vec::new();
    for _ in 0..RECEIVERS {
        receivers.push(Receiver::start(&plan.name).await?);
    }
    fill(&machi, &plan).await;
    let before = throughput(&machi).await;
    println!("PATCH of one attribute without subscriptions: {before:.0}/s, memory {} MB", machi.memory("VmHWM"));
    subscribe(&machi, &plan, &receivers).await;
    let with = throughput(&machi).await;
    println!("PATCH with them, of entities that none matches: {with:.0}/s = {:.0}%", 100.0 * with / before);
    deliver(&machi, &plan, &receivers, time).await;
    let matched = matched(&machi, &plan, &receivers).await;
    println!("PATCH with them, of entities that sixteen match: {matched:.0}/s = {:.0}%", 100.0 * matched / before);
    drop(machi);
    let started = Instant::now();
    let machi = Server::start(binary, &arguments)?;
    let ready = started.elapsed();
    first_after_restart(&machi, &plan, &receivers).await;
    println!(
        "after kill -9: ready in {ready:.2?}, the notification of a new update, behind all that were still due, in {:.2?}",
        started.elapsed()
    );
    unsubscribe(&machi, &plan).await;
    let after = throughput(&machi).await;
    println!("PATCH after all were deleted: {after:.0}/s; with them {:.0}% of both", 200.0 * with / (before + after));
    Ok(())
}

fn make(request: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> MakeNumbered {
    Arc::new(request)
}

/// Entities that are watched, and others that nobody watches.
async fn fill(machi: &Server, plan: &Arc<Plan>) {
    let known = Arc::clone(plan);
    let count = plan.entities();
    let entity = make(move |n| {
        let body = if n < count { known.entity(n) } else { idle(n - count) };
        load::with_body("POST", "/ngsi-ld/v1/entities", &body)
    });
    let run = paced::run(machi.address, CONNECTIONS, count + IDLE, None, entity).await;
    assert_eq!(run.refused, 0, "an entity was refused");
}

fn idle(n: u64) -> String {
    format!(
        r#"{{"id":"urn:ngsi-ld:Sensor:idle:{n:05}","type":"Sensor","scope":"/city/idle","code":{{"type":"Property","value":"idle {n}"}},"level":{{"type":"Property","value":-5}},"temperature":{{"type":"Property","value":1}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[140.5,36.5]}}}}}}"#
    )
}

/// Measured at rest: what came before has left tables to merge.
async fn throughput(machi: &Server) -> f64 {
    tokio::time::sleep(REST).await;
    let patch: MakeRequest = Arc::new(|random| {
        let path = format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:idle:{:05}/attrs", random % IDLE);
        let body = format!(r#"{{"temperature":{{"type":"Property","value":{}}}}}"#, random % 400);
        load::with_body("PATCH", &path, &body)
    });
    load::run(machi.address, CONNECTIONS, THROUGHPUT, patch).await.rate
}

async fn subscribe(machi: &Server, plan: &Arc<Plan>, receivers: &[Receiver]) {
    let urls: Vec<String> = receivers.iter().map(Receiver::url).collect();
    let known = Arc::clone(plan);
    let request = make(move |n| {
        let body = known.subscription(n, &urls[n as usize % urls.len()]);
        load::with_body("POST", "/ngsi-ld/v1/subscriptions", &body)
    });
    let run = paced::run(machi.address, CONNECTIONS, plan.subscriptions(), None, request).await;
    assert_eq!(run.refused, 0, "a subscription was refused");
    println!(
        "{} subscriptions made in {:.1?}, {:.0}/s, memory {} MB",
        plan.subscriptions(),
        run.elapsed,
        run.rate(),
        machi.memory("VmHWM")
    );
}

async fn unsubscribe(machi: &Server, plan: &Plan) {
    let path = |n| format!("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:{n}");
    let request = make(move |n| load::with_body("DELETE", &path(n), ""));
    let run = paced::run(machi.address, CONNECTIONS, plan.subscriptions(), None, request).await;
    println!("all deleted in {:.1?}, {} refused", run.elapsed, run.refused);
}

/// Which entity an update changes: every fifth one of fifty that are busy, so that throttled subscriptions rest.
fn target(plan: &Plan, serial: u64) -> u64 {
    let random = serial.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let count = plan.entities();
    if serial.is_multiple_of(5) { random % count.min(50) } else { random % count }
}

async fn deliver(machi: &Server, plan: &Arc<Plan>, receivers: &[Receiver], time: Duration) {
    let known = Arc::clone(plan);
    let request = make(move |n| {
        let entity = target(&known, n + 1);
        load::with_body("PATCH", &known.path(entity), &known.update(entity, n + 1))
    });
    let beat = Duration::from_secs(1) / UPDATES_PER_SECOND as u32;
    let count = UPDATES_PER_SECOND * time.as_secs();
    let (began, cpu, its_cpu) = (SystemClock.now(), load::own_cpu(), machi.cpu());
    let run = paced::run(machi.address, 16, count, Some(beat), request).await;
    assert_eq!(run.refused, 0, "an update was refused");
    settle(receivers).await;
    let arrivals: Vec<Arrival> = receivers.iter().flat_map(Receiver::take).collect();
    let late: Took = arrivals.iter().map(Arrival::latency).collect();
    println!(
        "{} updates at {:.0}/s, p99 {:.1?}; {} notifications, {:.0}/s; from commit to arrival p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
        count,
        run.rate(),
        run.took().within(0.99),
        arrivals.len(),
        arrivals.len() as f64 / run.elapsed.as_secs_f64(),
        late.within(0.5),
        late.within(0.99),
        late.within(1.0),
    );
    println!(
        "peak memory {} MB; the server took {:.0}% of a core, the generator and the receivers {:.0}%",
        machi.memory("VmHWM"),
        100.0 * (machi.cpu() - its_cpu) / run.elapsed.as_secs_f64(),
        100.0 * (load::own_cpu() - cpu) / run.elapsed.as_secs_f64()
    );
    let faults = check(plan, &run, began, &arrivals, receivers);
    println!("missing {}, twice {}, wrong {}", faults.missing, faults.twice, faults.wrong);
}

/// Waits until nothing more comes for two seconds.
async fn settle(receivers: &[Receiver]) {
    let count = || receivers.iter().map(Receiver::count).sum::<u64>();
    let mut last = count();
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = count();
        if now == last {
            return;
        }
        last = now;
    }
}

#[derive(Default)]
struct Faults {
    missing: u64,
    twice: u64,
    wrong: u64,
}

/// Compares what came with what was due.
fn check(plan: &Plan, run: &Run, began: Timestamp, arrivals: &[Arrival], receivers: &[Receiver]) -> Faults {
    let mut faults = Faults { wrong: receivers.iter().map(Receiver::garbled).sum(), ..Faults::default() };
    let mut came = HashSet::with_capacity(arrivals.len());
    // When those that are throttled notified.
    let mut notified: HashMap<u64, Vec<i64>> = HashMap::new();
    for arrival in arrivals {
        let (subscription, serial) = (u64::from(arrival.subscription), u64::from(arrival.serial));
        faults.wrong += u64::from(!plan.matches(subscription, target(plan, serial)));
        faults.twice += u64::from(!came.insert((subscription, serial)));
        if plan.is_throttled(subscription) {
            notified.entry(subscription).or_default().push(arrival.notified_at.micros());
        }
    }
    let rest = (THROTTLING * 1e6) as i64;
    for times in notified.values_mut() {
        times.sort_unstable();
        faults.wrong += times.windows(2).filter(|pair| pair[1] - pair[0] < rest).count() as u64;
    }
    for (serial, (sent, answered)) in (1..).zip(&run.moments) {
        let entity = target(plan, serial);
        // The commit lies between these two.
        let at = |moment: &Duration| began.micros() + moment.as_micros() as i64;
        let (earliest, latest) = (at(sent), at(answered) + 1000);
        for subscription in plan.due(entity).filter(|subscription| !came.contains(&(*subscription, serial))) {
            let times = notified.get(&subscription).map_or(&[][..], Vec::as_slice);
            let rested = times.iter().any(|time| *time <= latest && earliest < *time + rest);
            faults.missing += u64::from(!rested);
        }
    }
    faults
}

/// As fast as it goes, on entities that are watched; notifications pile up meanwhile.
async fn matched(machi: &Server, plan: &Arc<Plan>, receivers: &[Receiver]) -> f64 {
    let known = Arc::clone(plan);
    let patch: MakeRequest = Arc::new(move |random| {
        let entity = random % known.entities();
        load::with_body("PATCH", &known.path(entity), &known.update(entity, random % 1_000_000))
    });
    let rate = load::run(machi.address, CONNECTIONS, THROUGHPUT, patch).await.rate;
    let (started, before) = (Instant::now(), receivers.iter().map(Receiver::count).sum::<u64>());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = receivers.iter().map(Receiver::count).sum::<u64>();
    println!("notifications at full speed: {:.0}/s", (after - before) as f64 / started.elapsed().as_secs_f64());
    rate
}

async fn first_after_restart(machi: &Server, plan: &Plan, receivers: &[Receiver]) {
    let serial = 4_000_000_000;
    let update = load::with_body("PATCH", &plan.path(0), &plan.update(0, serial));
    paced::run(machi.address, 1, 1, None, make(move |_| update.clone())).await;
    loop {
        let arrivals = receivers.iter().flat_map(Receiver::take);
        if arrivals.into_iter().any(|arrival| u64::from(arrival.serial) == serial) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
