//! The settings of PostgreSQL that clients ask for, with what they are here.

use super::{Client, VERSION};

/// What a setting is, unless the connection has set it; none where there is no such setting.
pub(crate) fn setting(name: &str, client: &Client) -> Option<String> {
    let (_, value) = SETTINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(match *value {
        THE_USER => client.user.clone(),
        THE_VERSION => VERSION.to_owned(),
        THE_NUMBER => "140000".to_owned(),
        value => value.to_owned(),
    })
}

/// The name of a setting as PostgreSQL spells it.
pub(crate) fn spelled(name: &str) -> Option<&'static str> {
    SETTINGS.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name))
}

/// The names of all settings.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|(name, _)| *name)
}

const THE_USER: &str = "\0user";
const THE_VERSION: &str = "\0version";
const THE_NUMBER: &str = "\0number";

const SETTINGS: [(&str, &str); 34] = [
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("application_name", ""),
    ("bytea_output", "hex"),
    ("client_encoding", "UTF8"),
    ("client_min_messages", "notice"),
    ("default_transaction_deferrable", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "on"),
    ("extra_float_digits", "1"),
    ("idle_in_transaction_session_timeout", "0"),
    ("in_hot_standby", "off"),
    ("integer_datetimes", "on"),
    ("is_superuser", "off"),
    ("lc_collate", "C"),
    ("lc_ctype", "C"),
    ("lc_messages", "C"),
    ("lock_timeout", "0"),
    ("max_identifier_length", "63"),
    ("max_index_keys", "32"),
    ("role", "none"),
    ("row_security", "on"),
    ("search_path", "\"$user\", public"),
    ("server_encoding", "UTF8"),
    ("server_version", THE_VERSION),
    ("server_version_num", THE_NUMBER),
    ("session_authorization", THE_USER),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "0"),
    ("transaction_deferrable", "off"),
    ("transaction_isolation", "read committed"),
    ("transaction_read_only", "on"),
    ("work_mem", "0"),
];
