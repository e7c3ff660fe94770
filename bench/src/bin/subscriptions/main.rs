//! Subscriptions over HTTP: how many, how fast, what they cost the writers, and whether a bad receiver is felt.
//!
//! `cargo run --release -p machi-bench --bin subscriptions -- target/release/machi [subscriptions] [seconds]`
//! `cargo run --release -p machi-bench --bin subscriptions -- target/release/machi isolation [seconds]`

mod isolation;
mod many;
mod shapes;

use std::time::Duration;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let binary = arguments.get(1).map_or("target/release/machi", String::as_str);
    let seconds = arguments.get(3).and_then(|seconds| seconds.parse().ok());
    if arguments.get(2).is_some_and(|argument| argument == "isolation") {
        return runtime.block_on(isolation::run(binary, Duration::from_secs(seconds.unwrap_or(20))));
    }
    let count = arguments.get(2).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    runtime.block_on(many::run(binary, count, Duration::from_secs(seconds.unwrap_or(60))))
}
