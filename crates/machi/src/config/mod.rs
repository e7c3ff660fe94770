//! The configuration: one TOML file with one section per block, overridden by the environment.
//!
//! A setting is one line in `sections.rs`: its name, type, default and explanation. From that line come the
//! struct, the check, the error that names the nearest right key, and the annotated example file.

mod environment;
mod error;
mod example;
mod load;
mod section;
mod sections;
mod setting;
#[cfg(test)]
mod tests;

pub use environment::{Caller, bucket_credentials, caller, language, overrides, scratch};
pub use error::{ConfigError, Expected, Origin};
pub use example::example;
pub use section::{Key, Section};
pub use sections::{
    ContextsSection, EgressSection, HistorySection, LimitsSection, LogSection, ServerSection, SourceSection,
    SqlSection, StoreSection, SubscriptionsSection, TenantsSection,
};
pub use setting::{ByteSize, Depth, LogFilter, LogFormat, Setting, ShortTime};

/// All settings of a city.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `[server]`
    pub server: ServerSection,
    /// `[log]`
    pub log: LogSection,
    /// `[tenants]`
    pub tenants: TenantsSection,
    /// `[limits]`
    pub limits: LimitsSection,
    /// `[contexts]`
    pub contexts: ContextsSection,
    /// `[source]`
    pub source: SourceSection,
    /// `[subscriptions]`
    pub subscriptions: SubscriptionsSection,
    /// `[egress]`
    pub egress: EgressSection,
    /// `[history]`
    pub history: HistorySection,
    /// `[sql]`
    pub sql: SqlSection,
    /// `[store]`
    pub store: StoreSection,
}

impl Config {
    /// The sections, in the order of the example.
    pub fn sections(&self) -> [&dyn Section; 11] {
        let Self { server, log, tenants, limits, contexts, source, subscriptions, egress, history, sql, store } = self;
        [server, log, tenants, limits, contexts, source, subscriptions, egress, history, sql, store]
    }

    fn sections_mut(&mut self) -> [&mut dyn Section; 11] {
        let Self { server, log, tenants, limits, contexts, source, subscriptions, egress, history, sql, store } = self;
        [server, log, tenants, limits, contexts, source, subscriptions, egress, history, sql, store]
    }
}
