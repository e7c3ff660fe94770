//! The one place that reads the environment.

use std::env;

/// The overrides of settings: every variable that begins with `MACHI__`, in alphabetical order.
pub fn overrides() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("MACHI__"))
        .collect();
    found.sort();
    found
}
