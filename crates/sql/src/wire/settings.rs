//! The settings of one connection: what it has set, and what it may not.

use std::collections::BTreeMap;

use machi_types::Language;

use super::failure::Failure;
use crate::postgres::{Client, setting, spelled};

/// What a client is told when it is let in.
const TOLD: [&str; 13] = [
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "application_name",
    "client_encoding",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
];

/// What can be set to something else; the rest is heard, and stays as it is.
const SETTABLE: [&str; 4] = ["application_name", "client_min_messages", "extra_float_digits", "lc_messages"];

/// The longest value that is kept.
const LONGEST: usize = 256;

/// The settings.
#[derive(Debug, Default)]
pub(super) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Sets something; without a value to what it was at first. Gives what the client is to be told of it.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) -> Result<Option<(&'static str, String)>, Failure> {
        let Some(name) = spelled(name) else { return Ok(None) };
        if let Some(value) = value {
            check(name, value)?;
        }
        if !SETTABLE.contains(&name) {
            return Ok(None);
        }
        let value = value.unwrap_or_default().chars().take(LONGEST).collect::<String>();
        self.0.insert(name, value.clone());
        Ok((name == "application_name").then_some((name, value)))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn show(&self, name: &str, client: &Client) -> Result<String, Failure> {
        let set = spelled(name).and_then(|name| self.0.get(name)).cloned();
        set.or_else(|| setting(name, client)).ok_or_else(|| {
            Failure::new("42704", format!("there is no setting \"{name}\""), format!("設定\"{name}\"はありません"))
        })
    }

    /// What a client is told when it is let in.
    pub(super) fn told(&self, client: &Client) -> Vec<(&'static str, String)> {
        TOLD.iter().filter_map(|name| Some((*name, self.show(name, client).ok()?))).collect()
    }

    /// The language of messages: that of `lc_messages`, English without it.
    pub(super) fn language(&self) -> Language {
        match self.0.get("lc_messages") {
            Some(locale) if locale.starts_with("ja") => Language::Japanese,
            _ => Language::English,
        }
    }
}

/// Refuses what would make answers look other than they do.
fn check(name: &str, value: &str) -> Result<(), Failure> {
    let plain = value.to_ascii_lowercase().replace('-', "");
    let is_kept = match name {
        "client_encoding" => matches!(&*plain, "utf8" | "unicode" | "auto"),
        "DateStyle" => plain.starts_with("iso"),
        "standard_conforming_strings" => matches!(&*plain, "on" | "true" | "1" | "yes"),
        "bytea_output" => plain == "hex",
        _ => true,
    };
    match is_kept {
        true => Ok(()),
        false => Err(Failure::new(
            "0A000",
            format!("{name} cannot be {value} here; texts are UTF-8, and times are written as ISO 8601 has them"),
            format!("{name}を{value}にはできません。文字列はUTF-8、日時はISO 8601形式だけに対応しています"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_answers_is_refused() {
        let client = Client { database: "machi".to_owned(), user: "me".to_owned(), connection: 1 };
        let mut settings = Settings::default();
        assert_eq!(settings.set("CLIENT_ENCODING", Some("SJIS")).map_err(|failure| failure.code), Err("0A000"));
        assert!(settings.set("client_encoding", Some("UTF-8")).is_ok());
        assert!(settings.set("default_transaction_read_only", Some("off")).is_ok());
        assert_eq!(settings.show("transaction_read_only", &client).ok().as_deref(), Some("on"));
        assert_eq!(settings.show("default_transaction_read_only", &client).ok().as_deref(), Some("on"));
        assert_eq!(settings.show("nothing", &client).map_err(|failure| failure.code), Err("42704"));
        assert_eq!(settings.language(), Language::English);
        assert!(settings.set("lc_messages", Some("ja_JP.UTF-8")).is_ok());
        assert_eq!(settings.language(), Language::Japanese);
    }
}
