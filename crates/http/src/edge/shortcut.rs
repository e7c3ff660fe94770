//! Answers that are ready: a block may give them before a request is routed.

use std::fmt::Debug;

use axum::response::Response;
use http::{HeaderMap, Method, Uri};

/// Knows the answers to some requests at once. What it answers is what the router would have answered.
pub trait Shortcut: Debug + Send + Sync {
    /// The answer, if it can be given without waiting for anything.
    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response>;
}
