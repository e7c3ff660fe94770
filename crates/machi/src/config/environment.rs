//! The one place that reads the environment.

use std::env;

use machi_http::Language;

/// The overrides of settings: every variable that begins with `MACHI__`, in alphabetical order.
pub fn overrides() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("MACHI__"))
        .collect();
    found.sort();
    found
}

/// The language of messages, as every program reads it: the first of these variables that says anything.
pub fn language() -> Language {
    let value = |wanted: &str| env::vars_os().find(|(name, value)| name == wanted && !value.is_empty());
    let said = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(value);
    let is_japanese = said.is_some_and(|(_, value)| value.to_string_lossy().starts_with("ja"));
    if is_japanese { Language::Japanese } else { Language::English }
}
