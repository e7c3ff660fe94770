//! Requests that are each sent once: as fast as answers come, or one at each beat of a clock.
//!
//! With a beat, a request that is late is sent late and its lateness counts: a server that stalls cannot hide it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::load::exchange;
use crate::took::Took;

/// Makes the bytes of the request of this number.
pub type MakeNumbered = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// When each request was sent and answered, counted from the start, by its number; zero where it was not taken.
    pub moments: Vec<(Duration, Duration)>,
    /// Answers with another status than 2xx, and requests without an answer.
    pub refused: u64,
    /// How long all of it took.
    pub elapsed: Duration,
    /// When it began.
    pub started: Option<Instant>,
}

impl Run {
    /// Requests that were taken, a second.
    pub fn rate(&self) -> f64 {
        (self.moments.len() as u64 - self.refused) as f64 / self.elapsed.as_secs_f64()
    }

    /// How long the answers took to requests that were taken.
    pub fn took(&self) -> Took {
        let taken = self.moments.iter().filter(|(_, answered)| !answered.is_zero());
        taken.map(|(sent, answered)| answered.saturating_sub(*sent)).collect()
    }
}

/// Sends the requests from 0 to `count` on so many connections, one each `beat` where there is one.
pub async fn run(address: SocketAddr, connections: u64, count: u64, beat: Option<Duration>, make: MakeNumbered) -> Run {
    let started = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (next, make) = (Arc::clone(&next), Arc::clone(&make));
        tasks.spawn(async move { drive(address, started, (&next, count), beat, &make).await });
    }
    let mut run = Run { moments: vec![Default::default(); count as usize], started: Some(started), ..Run::default() };
    let mut taken = 0;
    while let Some(part) = tasks.join_next().await {
        for (number, moments) in part.unwrap_or_default() {
            taken += 1;
            run.moments[number as usize] = moments;
        }
    }
    run.elapsed = started.elapsed();
    run.refused = count - taken;
    run
}

async fn drive(
    address: SocketAddr,
    started: Instant,
    (next, count): (&AtomicU64, u64),
    beat: Option<Duration>,
    make: &MakeNumbered,
) -> Vec<(u64, (Duration, Duration))> {
    let mut moments = Vec::new();
    let Ok(mut stream) = TcpStream::connect(address).await else { return moments };
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(1 << 16);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return moments;
        }
        let request = make(number);
        let due = beat.map(|beat| started + beat.mul_f64(number as f64));
        let late = due.filter(|due| *due < Instant::now());
        if let Some(due) = due {
            sleep_until(due.into()).await;
        }
        // What the timer rounds is not the server's.
        let sent = late.unwrap_or_else(Instant::now);
        let Some((status, body)) = exchange(&mut stream, &request, &mut buffer).await else {
            eprintln!("request {number} was not answered");
            return moments;
        };
        match status {
            200..300 => moments.push((number, (sent - started, started.elapsed()))),
            _ => eprintln!("request {number} was answered {status}: {}", String::from_utf8_lossy(body)),
        }
    }
}
