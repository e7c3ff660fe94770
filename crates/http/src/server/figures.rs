//! Figures about connections.

use crate::metrics::{Counter, Gauge, Registry};

#[derive(Debug)]
pub(super) struct Figures {
    pub(super) accepted: Counter,
    pub(super) open: Gauge,
    pub(super) slow_heads: Counter,
    pub(super) rested: Counter,
    pub(super) unread: Counter,
}

impl Figures {
    pub(super) fn new(registry: &Registry) -> Self {
        let ended = |reason| {
            registry.counter(
                "machi_http_connections_timed_out",
                "Connections closed by a time-out.",
                &[("reason", reason)],
            )
        };
        Self {
            accepted: registry.counter("machi_http_connections_accepted", "Connections accepted.", &[]),
            open: registry.gauge("machi_http_connections", "Connections open.", &[]),
            slow_heads: ended("slow_head"),
            rested: ended("idle"),
            unread: ended("unread_answer"),
        }
    }
}
