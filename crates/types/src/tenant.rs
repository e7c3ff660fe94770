//! Tenants: rooms of one city or of several, kept apart in everything.

use std::fmt;
use std::str::FromStr;

use crate::Name;

/// The name of a tenant; the default tenant has the empty name.
///
/// ```
/// use machi_types::TenantId;
/// assert!("aoi_city".parse::<TenantId>().is_ok());
/// assert!("aoi city".parse::<TenantId>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Name);

/// Why a text names no tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant's name has 1 to 64 characters out of A-Z a-z 0-9 _ - . : and starts with a letter or digit")]
pub struct InvalidTenant;

impl TenantId {
    /// The tenant of requests that name none.
    pub fn default_tenant() -> Self {
        Self(Name::from(""))
    }

    /// Whether this is the tenant of requests that name none.
    pub fn is_default(&self) -> bool {
        self.0.is_empty()
    }

    /// The word by which people write the default tenant, which has no name.
    pub const DEFAULT_WORD: &str = "-";

    /// The name as people write it.
    pub fn word(&self) -> &str {
        if self.is_default() { Self::DEFAULT_WORD } else { self.as_str() }
    }

    /// The name; empty for the default tenant.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenant;

    fn from_str(text: &str) -> Result<Self, InvalidTenant> {
        let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let in_alphabet = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'));
        if starts_well && in_alphabet && text.len() <= 64 { Ok(Self(Name::from(text))) } else { Err(InvalidTenant) }
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({:?})", self.as_str())
    }
}
