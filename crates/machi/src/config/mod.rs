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

pub use environment::overrides;
pub use error::{ConfigError, Origin};
pub use example::example;
pub use section::{Key, Section};
pub use sections::{EgressSection, LimitsSection, LogSection, ServerSection, StoreSection, TenantsSection};
pub use setting::{ByteSize, LogFilter, LogFormat, OptionalPath, Setting};

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
    /// `[egress]`
    pub egress: EgressSection,
    /// `[store]`
    pub store: StoreSection,
}

impl Config {
    /// The sections, in the order of the example.
    pub fn sections(&self) -> [&dyn Section; 6] {
        [&self.server, &self.log, &self.tenants, &self.limits, &self.egress, &self.store]
    }

    fn sections_mut(&mut self) -> [&mut dyn Section; 6] {
        [&mut self.server, &mut self.log, &mut self.tenants, &mut self.limits, &mut self.egress, &mut self.store]
    }
}
