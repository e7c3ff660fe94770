//! What the configuration file says, in the words of each block.

use std::time::Duration;

use machi_broker::config as broker;
use machi_face::config as face;
use machi_history::config as history;
use machi_history_lake::Options;

use crate::config::{Config, SubscriptionsSection};

/// The settings that all faces share.
pub fn face(config: &Config) -> face::FaceConfig {
    let Config { tenants, limits, contexts, .. } = config;
    face::FaceConfig {
        tenants: face::TenantsConfig { create: tenants.create },
        contexts: face::ContextsConfig {
            fetch: contexts.fetch,
            timeout_seconds: contexts.timeout.as_secs(),
            document_bytes: contexts.document.0 as usize,
            chain: contexts.chain.get(),
            documents: contexts.documents.get(),
            terms: contexts.terms.get(),
            held_bytes: contexts.held.0,
            fresh_seconds: contexts.fresh.as_secs(),
            retry_seconds: contexts.retry.as_secs(),
            stored: contexts.stored.get(),
            hosted: contexts.hosted.get(),
        },
        limits: face::LimitsConfig {
            body_bytes: limits.body.0 as usize,
            batch_bytes: limits.batch_body.0,
            batch_items: limits.batch_entities.get(),
            batch_checked_bytes: limits.batch_checked.0 as usize,
            nesting: limits.depth.0,
            attributes: limits.attributes.get(),
            // A page is never refused that nobody asked to be so long.
            page_rows: limits.page.min(limits.largest_page).get(),
            page_rows_max: limits.largest_page.get(),
            instances: limits.instances.get(),
            offset_max: limits.largest_offset as usize,
            query_seconds: limits.query_time.as_secs(),
            query_documents: limits.query_reads,
            tile_features: limits.tile_features.get(),
            tile_features_deepest: limits.tile_features_deepest.get(),
            answers_kept_seconds: limits.answers_kept.as_secs(),
        },
    }
}

/// The settings of the broker.
pub fn broker(config: &Config) -> broker::Config {
    let source = &config.source;
    broker::Config {
        source: broker::SourceConfig {
            id: source.id.as_str().to_owned(),
            alias: source.alias.clone(),
            url: Some(source.url.clone()).filter(|url| !url.is_empty()),
        },
        subscriptions: subscriptions(&config.subscriptions),
    }
}

/// The settings of history.
pub fn history(config: &Config) -> history::Config {
    let section = &config.history;
    history::Config {
        memory: section.memory.0 as usize,
        archive_after: section.archive_after,
        ..history::Config::default()
    }
}

/// How the archive is kept.
pub fn archive(config: &Config) -> Options {
    Options { grace: config.history.files_kept, cache_bytes: config.history.cache.0 }
}

fn subscriptions(section: &SubscriptionsSection) -> broker::SubscriptionsConfig {
    broker::SubscriptionsConfig {
        in_flight: section.in_flight.get(),
        in_flight_per_host: section.in_flight_per_host.get(),
        in_flight_per_endpoint: section.in_flight_per_endpoint.get(),
        held: section.held.get(),
        timeout_millis: millis(section.timeout),
        timeout_millis_max: millis(section.longest_timeout),
        park_after_millis: millis(section.park_after),
        retry_millis: millis(section.rest),
        retry_millis_max: millis(section.longest_rest),
        attempts: section.attempts.get() as u64,
        give_up_seconds: section.give_up_after.as_secs(),
        dead_letter_seconds: section.dead_letters_kept.as_secs(),
        entities_per_notification: section.entities.get(),
        cursor_millis: millis(section.place_saved),
        figures_millis: millis(section.figures_saved),
        live_readers: usize::try_from(section.live_readers).unwrap_or(usize::MAX),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_has_the_same_defaults_in_the_file_and_in_the_block() {
        assert_eq!(history(&Config::default()), history::Config::default());
    }

    #[test]
    fn subscriptions_have_the_same_defaults_in_the_file_and_in_the_broker() {
        assert_eq!(subscriptions(&SubscriptionsSection::default()), broker::SubscriptionsConfig::default());
    }
}
