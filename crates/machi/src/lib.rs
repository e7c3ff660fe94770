//! The assembly: configuration, wiring, lifecycle and the command line.
//!
//! This crate alone knows all others. It reads the command line, the environment and the configuration file
//! once, turns them into typed values, builds the blocks, hands each what it needs ([`wiring`]), and ends
//! them in order ([`lifecycle`]).
//!
//! # How to add a block
//!
//! Build it in `wiring::assemble`, and merge its router there.
//!
//! # How to add a command
//!
//! Add its arguments as a file in `cli/`, a variant to [`cli::Command`], and an arm to `cli::execute`; the Japanese
//! of its help goes to `cli/japanese/words.rs`, as a test says.
//!
//! # How to add a setting
//!
//! Add a line to its section in `config/sections.rs`; text, default and check come from that line. Then
//! refresh `docs/machi.example.toml` with `machi config example`.

pub mod blocks;
pub mod cli;
pub mod config;
pub mod control;
pub mod ground;
pub mod import;
pub mod lifecycle;
pub mod log;
pub mod own;
pub mod past;
pub mod said;
#[cfg(feature = "sql")]
pub mod sql;
pub mod wiring;
