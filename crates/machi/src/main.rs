//! The `machi` program: reads the command line, does what it says, and ends with a code that scripts can read.

use std::process::ExitCode;

/// Gives freed memory back sooner than the system's allocator, and is faster under many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    machi::cli::run()
}
