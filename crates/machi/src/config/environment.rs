//! The one place that reads the environment.

use std::env;
use std::path::PathBuf;

use machi_history_bucket::Credentials;
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

/// Where what is needed for a moment may lie: the folder that `TMPDIR` names, or that of the system.
pub fn scratch() -> PathBuf {
    env::temp_dir()
}

/// The language of messages, as every program reads it: the first of these variables that says anything.
pub fn language() -> Language {
    let is_japanese =
        ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(said).is_some_and(|it| it.starts_with("ja"));
    if is_japanese { Language::Japanese } else { Language::English }
}

/// Who we are to a bucket, by the variables that other clients of S3 read, too.
pub fn bucket_credentials() -> Option<Credentials> {
    let (key, secret) = (said("AWS_ACCESS_KEY_ID")?, said("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(key, secret, said("AWS_SESSION_TOKEN")))
}

/// Who sits before a terminal that came over SSH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Under which name they came.
    pub user: Option<String>,
    /// By which address of this machine.
    pub host: String,
}

/// Who called this machine over SSH, where somebody did.
pub fn caller() -> Option<Caller> {
    // SSH_CONNECTION: the caller's address and port, this machine's address and port.
    let host = said("SSH_CONNECTION")?.split(' ').nth(2)?.to_owned();
    Some(Caller { user: said("USER"), host })
}

/// What a variable says, where it says anything.
fn said(name: &str) -> Option<String> {
    let (_, value) = env::vars_os().find(|(known, value)| known == name && !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}
