//! The command line: what can be said to `machi`, and the errors of saying it wrong.

pub mod backup;
mod clock;
mod config;
pub mod context;
pub mod demo;
pub mod import;
pub mod index;
mod japanese;
mod serve;
mod tenants;
pub mod up;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use machi_http::Language;

pub use config::ConfigCommand;
pub use import::RowsRefused;
pub use serve::{OpenError, ServeArgs, peers};

use crate::config::language;
use crate::{said, wiring};

/// Machi (街): a city's live data, in one program.
#[derive(Debug, Parser)]
#[command(name = "machi", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const ABOUT: &str = "Machi (街): one live picture of a city, brokered through open standards (NGSI-LD).";

const EXAMPLES: &str = "\
Examples:
  machi up
      open a city to look at, in the folder ./data
  machi serve --data ./city --open
      start a city in the folder ./city, for this machine alone
  curl http://127.0.0.1:8080/ngsi-ld/v1/types
      ask it something
  machi config example > machi.toml
      write all settings with their explanations
  machi serve --data ./city --open --config machi.toml
      start it with your own settings";

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open a city to look at: run it, and move an invented one in it
    Up(up::UpArgs),
    /// Run a city until it is told to stop.
    Serve(ServeArgs),
    /// Load files into a running city: NGSI-LD JSON, NDJSON, GeoJSON, CSV.
    Import(import::ImportArgs),
    /// Load an invented city into a running Machi, and move it
    Demo(demo::DemoArgs),
    /// Write a running or resting city to another folder.
    Backup(backup::BackupArgs),
    /// Put a backup into a new folder.
    Restore(backup::RestoreArgs),
    /// Check every checksum, every row and every index of a city.
    Verify(backup::VerifyArgs),
    /// List, create, export, restore and erase tenants
    Tenants {
        /// What to do with them.
        #[command(subcommand)]
        command: tenants::TenantsCommand,
    },
    /// Keep @contexts, so that they are there without a network
    Context {
        /// What to do with them.
        #[command(subcommand)]
        command: context::ContextCommand,
    },
    /// Believe the machine's clock after it has jumped ahead.
    Clock {
        /// What to do with it.
        #[command(subcommand)]
        command: clock::ClockCommand,
    },
    /// Index sub-attributes, the inside of JSON values, and texts for patterns.
    Index {
        /// What to do with indexes.
        #[command(subcommand)]
        command: index::IndexCommand,
    },
    /// Show or check settings.
    Config {
        /// What to do with them.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the OpenAPI description of Machi's own endpoints.
    Openapi,
    /// Print the version.
    Version,
}

/// Reads the command line and does what it says.
///
/// The code is 0 when it was done, 1 when it failed, 2 when it was said wrong, and 3 when an import refused rows.
pub fn run() -> ExitCode {
    let language = language();
    let cli = match read(language) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match execute(cli.command, language) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "machi: {}", said::in_language(&*error, language));
            if error.is::<RowsRefused>() { ExitCode::from(3) } else { ExitCode::FAILURE }
        }
    }
}

/// Reads the command line; what cannot be understood is told, as help and version are where they are asked for.
fn read(language: Language) -> Result<Cli, ExitCode> {
    let command = match language {
        Language::English => Cli::command(),
        Language::Japanese => japanese::in_japanese(Cli::command()),
    };
    let read = command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    read.map_err(|error| match japanese::fault(&error) {
        Some(told) if language == Language::Japanese => {
            let _ = io::stderr().write_all(told.as_bytes());
            ExitCode::from(2)
        }
        // Help and version come here too, and go to standard output.
        _ => error.exit(),
    })
}

fn execute(command: Command, language: Language) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Up(arguments) => up::run(&arguments, language),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Import(arguments) => import::run(&arguments, language),
        Command::Demo(arguments) => demo::run(&arguments, language),
        Command::Backup(arguments) => backup::backup(&arguments, language),
        Command::Restore(arguments) => backup::restore(&arguments, language),
        Command::Verify(arguments) => backup::verify(&arguments, language),
        Command::Tenants { command } => tenants::run(command, language),
        Command::Context { command } => context::run(command, language),
        Command::Clock { command } => clock::run(&command, language),
        Command::Index { command } => index::run(&command, language),
        Command::Config { command } => config::run(&command, language),
        Command::Openapi => print(&wiring::openapi_text()),
        Command::Version => print(&format!("machi {}\n", env!("CARGO_PKG_VERSION"))),
    }
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// What was done, as the last word on standard output.
fn print_line(line: &str) -> Result<(), Box<dyn Error>> {
    print(&format!("{line}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
