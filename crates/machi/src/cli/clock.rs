//! `machi clock`: what to believe of the machine's clock.

use std::error::Error;
use std::path::PathBuf;

use clap::Subcommand;

use machi_http::Language;

use super::print_line;
use crate::control::{self, Asked, ControlError};

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

pub(super) fn run(command: &ClockCommand, language: Language) -> Result<(), Box<dyn Error>> {
    let ClockCommand::Accept { data } = command;
    match control::ask(data, &Asked::AcceptClock, language)? {
        Some(said) => print_line(&said),
        // A city that starts believes the clock as it is.
        None => Err(ControlError::NotRunning { data: data.clone() }.into()),
    }
}
