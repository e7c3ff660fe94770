//! Why a configuration is not taken: file, key, value, and what would be right.

use std::fmt;
use std::io;
use std::path::PathBuf;

use machi_http::spelling::nearest;
use machi_http::{Language, Text};

/// What would be right, in English and Japanese.
pub type Expected = &'static (&'static str, &'static str);

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("{} is no TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// There is no such section.
    #[error("{origin}: there is no section [{section}]; {}", hint.in_language(Language::English))]
    UnknownSection {
        /// Where it is written.
        origin: Origin,
        /// Its name.
        section: String,
        /// Which one was probably meant.
        hint: Box<Text>,
    },
    /// A key stands before the first section.
    #[error("{origin}: \"{key}\" stands outside of all sections{}", hint.in_language(Language::English))]
    OutsideSection {
        /// Where it is written.
        origin: Origin,
        /// Its name.
        key: String,
        /// Where it belongs.
        hint: Box<Text>,
    },
    /// The section has no such key.
    #[error("{origin}: [{section}] has no key \"{key}\"; {}", hint.in_language(Language::English))]
    UnknownKey {
        /// Where it is written.
        origin: Origin,
        /// The section.
        section: String,
        /// The key.
        key: String,
        /// Which one was probably meant.
        hint: Box<Text>,
    },
    /// The value is not of the right kind.
    #[error("{origin}: [{section}] {key} = {value}, and must be {}", expected.0)]
    Value {
        /// Where it is written.
        origin: Origin,
        /// The section.
        section: String,
        /// The key.
        key: String,
        /// What stands there.
        value: String,
        /// What would be right.
        expected: Expected,
    },
    /// A page is longer than the longest page.
    #[error("[limits] page = {page} is more than largest_page = {largest}; make page smaller, or largest_page larger")]
    Page {
        /// What a page has by default.
        page: usize,
        /// What a page may have.
        largest: usize,
    },
    /// A variable of the environment names no setting.
    #[error(
        "environment variable {name} names no setting; a setting is written MACHI__SECTION__KEY, such as MACHI__SERVER__LISTEN"
    )]
    Variable {
        /// The variable.
        name: String,
    },
}

/// "did you mean ...", or what there is.
pub(super) fn hint(word: &str, known: &[&str]) -> Text {
    if let Some(near) = nearest(word, known.iter().copied()) {
        return Text::both(format!("did you mean \"{near}\"?"), format!("\"{near}\"の誤りではありませんか"));
    }
    let all = known.join(", ");
    Text::both(format!("there are {all}"), format!("あるもの: {all}"))
}
