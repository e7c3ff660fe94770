//! `/machi/v1/import`: what `machi import` does, by one HTTP request. A file comes in, its rows become entities in
//! batches of upserts, and the answer is the report.
//!
//! The file flows through: a task takes pieces of the body from the edge and hands them to a thread that reads rows and
//! sends batches, and neither holds more than a few pieces and one batch. What is reported as taken is durable.

mod arriving;
mod asked;
mod inside;
mod listed;
mod load;
mod media;
mod places;
mod propose;
mod upload;

use std::sync::Arc;

use axum::Router;
use machi_http::Shutdown;
use machi_http::openapi::{Api, Content, Operation, Schema};

use self::places::Places;
use crate::config::LimitsSection;

/// What imports share.
#[derive(Debug)]
struct Importing {
    /// The operations that take the batches.
    doors: Router,
    /// The longest body.
    largest: u64,
    /// The most bytes of a report's rows.
    report: u64,
    places: Arc<Places>,
    heard: Shutdown,
}

/// The endpoints, for a city that takes batches by these routes.
pub(crate) fn endpoints(doors: Router, limits: &LimitsSection, heard: Shutdown) -> Api {
    let importing = Importing {
        doors,
        largest: limits.import_body.0,
        report: limits.import_report.0,
        places: Arc::new(Places::new(limits.imports.get())),
        heard,
    };
    Api::new()
        .route(load::operation(), load::handle)
        .route(propose::operation(), propose::handle)
        .with_state(Arc::new(importing))
}

/// Adds what both endpoints take: a file, as it is or in a form.
fn taking_a_file(operation: Operation) -> Operation {
    let file = |media| Content::of(media, Schema::format("binary"));
    let form = Schema::partial_object(vec![
        ("mapping", Schema::string().described("A mapping file (TOML), before the file where there is one.")),
        (
            "file",
            Schema::format("binary")
                .described("The file, last. Its Content-Type or its name and beginning tell its format."),
        ),
    ]);
    operation
        .tag("import")
        .in_query(
            "encoding",
            Schema::one_of(&["utf8", "cp932"]),
            "The encoding of a CSV; otherwise its charset, the mapping, or its first characters tell it.",
        )
        .takes(file("application/json"))
        .takes(file("application/ld+json"))
        .takes(file("application/x-ndjson"))
        .takes(file("application/geo+json"))
        .takes(file("text/csv"))
        .takes(Content::of("multipart/form-data", form))
}
