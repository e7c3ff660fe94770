//! The command line as scripts use it: the real binary, its output and its codes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

mod backup;
mod contexts;
mod figures;
mod help;
mod japanese;
mod make_up;
mod process;
mod restores;
mod serve;
mod settings;
mod start;
mod tenants;
mod up;
