//! Figures about requests.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::metrics::{Counter, DURATION_BOUNDS, Gauge, Histogram, Registry};

/// Methods with a figure of their own; the last stands for all others.
const METHODS: [&str; 7] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "other"];

/// Figures about requests; made beforehand, so that counting takes no lock.
#[derive(Debug)]
pub(super) struct Figures {
    /// One for each method and class of status.
    requests: [[Counter; 5]; METHODS.len()],
    durations: [Histogram; METHODS.len()],
    at_work: Gauge,
}

impl Figures {
    pub(super) fn new(registry: &Registry) -> Self {
        let requests = METHODS.map(|method| {
            ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| {
                let labels = [("method", method), ("status", class)];
                registry.counter("machi_http_requests", "Requests answered.", &labels)
            })
        });
        let durations = METHODS.map(|method| {
            let help = "Time from a complete head to an answer that is ready to be sent.";
            registry.histogram("machi_http_request_duration_seconds", help, DURATION_BOUNDS, &[("method", method)])
        });
        let at_work = registry.gauge("machi_http_requests_at_work", "Requests that handlers are working on.", &[]);
        Self { requests, durations, at_work }
    }

    pub(super) fn count(&self, method: &Method, status: StatusCode, took: Duration) {
        let row = place(method);
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.requests.get(row).and_then(|classes| classes.get(class)) {
            counter.inc();
        }
        if let Some(histogram) = self.durations.get(row) {
            histogram.observe(took);
        }
    }

    /// Counts a request as at work until the guard is dropped.
    pub(super) fn at_work(&self) -> AtWork<'_> {
        self.at_work.add(1);
        AtWork(&self.at_work)
    }
}

/// Says that a request is at work for as long as it lives.
pub(super) struct AtWork<'a>(&'a Gauge);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.sub(1);
    }
}

fn place(method: &Method) -> usize {
    METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1)
}
