//! The `machi` program: reads the command line, does what it says, and ends with a code that scripts can read.

mod allocator;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::give_back_soon();
    machi::cli::run()
}
