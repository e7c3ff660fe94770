//! `machi config`: settings, shown and checked.

use std::error::Error;
use std::path::PathBuf;

use clap::Subcommand;

use super::print;
use crate::config::{Config, example, overrides};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its explanation and its default
    Example,
    /// Check a file and the environment, and say what is wrong
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(super) fn run(command: &ConfigCommand) -> Result<(), Box<dyn Error>> {
    match command {
        ConfigCommand::Example => print(&example()),
        ConfigCommand::Check { file } => {
            Config::load(Some(file), &overrides())?;
            print(&format!("{} is right\n", file.display()))
        }
    }
}
