//! The settings of this block: one struct per section of the configuration file, every key with its default.

pub use crate::subscriptions::config::SubscriptionsConfig;

/// All settings of the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `[source]`
    pub source: SourceConfig,
    /// `[subscriptions]`
    pub subscriptions: SubscriptionsConfig,
}

/// `[source]`: how this city names itself to other context sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// The id of this context source.
    pub id: String,
    /// The alias by which loops between sources are recognised.
    pub alias: String,
    /// Where others reach this city, such as `https://city.example.org`; without it, what the request's Host says.
    pub url: Option<String>,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self { id: "urn:ngsi-ld:ContextSource:machi".to_owned(), alias: "machi".to_owned(), url: None }
    }
}
