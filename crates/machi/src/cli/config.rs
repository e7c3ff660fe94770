//! `machi config`: settings, shown and checked.

use std::error::Error;
use std::path::PathBuf;

use clap::Subcommand;
use machi_http::{Language, Text};

use super::{print, print_line};
use crate::config::{Config, example, overrides};
use crate::wiring;

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

pub(super) fn run(command: &ConfigCommand, language: Language) -> Result<(), Box<dyn Error>> {
    match command {
        ConfigCommand::Example => print(&example()),
        ConfigCommand::Check { file } => {
            wiring::check(&Config::load(Some(file), &overrides())?)?;
            let file = file.display();
            let said = Text::both(format!("{file} is right"), format!("{file}に誤りはありません"));
            print_line(said.in_language(language))
        }
    }
}
