//! The log: structured lines on standard error, as text for people or JSON for machines (docs/logging.md).

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFilter, LogFormat, LogSection};

/// Begins to write the log; the first call of a process counts.
pub fn start(section: &LogSection) {
    let LogFilter(filter) = section.filter.clone();
    // A log that was started before, as in tests, stays as it is.
    let _ = match section.format {
        LogFormat::Text => start_text(filter),
        LogFormat::Json => start_json(filter),
    };
}

fn start_text(filter: Targets) -> Result<(), tracing_subscriber::util::TryInitError> {
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(filter).with(lines).try_init()
}

fn start_json(filter: Targets) -> Result<(), tracing_subscriber::util::TryInitError> {
    let lines = fmt::layer().json().flatten_event(true).with_writer(io::stderr);
    tracing_subscriber::registry().with(filter).with(lines).try_init()
}
