//! A server of PostgreSQL for a run of tests: it prints the folder of its socket, and ends when its input does.
#![allow(clippy::print_stdout, reason = "whoever started it reads the folder there")]

use std::io::Read as _;

use machi_testkit::Postgres;

fn main() {
    let server = Postgres::for_a_run();
    println!("{}", server.folder().display());
    // Nothing is said to it: what it waits for is the end.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
