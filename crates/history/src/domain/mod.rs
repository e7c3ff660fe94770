//! What this block decides, without archive, network or clock.

pub(crate) mod aggregate;
pub(crate) mod conditions;
pub(crate) mod cut;
pub(crate) mod gathered;
pub(crate) mod policies;
pub(crate) mod question;
pub(crate) mod represent;
pub(crate) mod scopes;
pub(crate) mod select;
pub(crate) mod timing;
