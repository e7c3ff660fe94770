//! What the configuration file says, in the words of each block.

use machi_broker::config as broker;

use crate::config::Config;

/// The settings of the broker.
pub fn broker(config: &Config) -> broker::Config {
    let Config { tenants, limits, contexts, source, server, .. } = config;
    broker::Config {
        tenants: broker::TenantsConfig { create: tenants.create },
        contexts: broker::ContextsConfig {
            fetch: contexts.fetch,
            timeout_seconds: contexts.timeout.as_secs(),
            document_bytes: contexts.document.0 as usize,
            held: contexts.held.get(),
            fresh_seconds: contexts.fresh.as_secs(),
            retry_seconds: contexts.retry.as_secs(),
            stored: contexts.stored.get(),
        },
        limits: broker::LimitsConfig {
            body_bytes: limits.body.0 as usize,
            batch_bytes: limits.batch_body.0,
            batch_items: limits.batch_entities.get(),
            batch_checked_bytes: limits.batch_checked.0 as usize,
            body_seconds: server.body_timeout.as_secs(),
            nesting: limits.depth.get(),
            page_rows: limits.page.get(),
            page_rows_max: limits.largest_page.get(),
            offset_max: limits.largest_offset as usize,
            query_seconds: limits.query_time.as_secs(),
            query_documents: limits.query_reads,
            answers_kept_seconds: limits.answers_kept.as_secs(),
            rendered_bytes: config.store.rendered.0 as usize,
        },
        source: broker::SourceConfig {
            id: source.id.clone(),
            alias: source.alias.clone(),
            url: Some(source.url.clone()).filter(|url| !url.is_empty()),
        },
        subscriptions: broker::SubscriptionsConfig::default(),
    }
}
