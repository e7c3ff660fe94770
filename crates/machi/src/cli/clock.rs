//! `machi clock`: what to believe of the machine's clock.

use std::error::Error;
use std::path::PathBuf;

use clap::Subcommand;

use super::print;
use crate::control::{self, Asked};

/// What to do with the clock.
#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Confirm that a clock which jumped ahead by more than five minutes is right
    Accept {
        /// The folder of the running city
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

pub(super) fn run(command: &ClockCommand) -> Result<(), Box<dyn Error>> {
    let ClockCommand::Accept { data } = command;
    match control::ask(data, &Asked::AcceptClock)? {
        Some(answer) => print(&format!("{answer}\n")),
        None => Err(format!("no city runs in {}; one that starts believes the clock as it is", data.display()).into()),
    }
}
