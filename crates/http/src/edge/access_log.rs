//! One line for each request: failures and slow ones always, the rest at debug level (docs/logging.md).

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use tracing::{Level, enabled, event};

use super::Asked;

/// The target of access lines, for filters.
const TARGET: &str = "machi::access";
/// In characters.
const LONGEST_VALUE: usize = 256;

pub(super) fn write(asked: &Asked, status: StatusCode, took: Duration, slow: Duration) {
    if status.is_server_error() {
        warn(asked, status, took, "request failed");
    } else if took >= slow {
        warn(asked, status, took, "request was slow");
    } else if enabled!(target: TARGET, Level::DEBUG) {
        debug(asked, status, took, "request");
    }
}

/// Makes the function that writes lines of one level, as a level is fixed where its line stands.
macro_rules! line {
    ($name:ident, $level:expr) => {
        /// Queries and bodies are not logged: they may tell of persons.
        fn $name(asked: &Asked, status: StatusCode, took: Duration, message: &'static str) {
            let identity = &asked.identity;
            event!(
                target: TARGET,
                $level,
                request.id = %identity.id,
                request.given_id = text(identity.given.as_ref()),
                http.method = %asked.method,
                http.path = cut(asked.uri.path()),
                http.status = status.as_u16(),
                duration_us = took.as_micros() as u64,
                tenant = text(asked.tenant.as_ref()),
                peer.ip = asked.peer.map(|peer| display(peer.ip())),
                "{message}"
            )
        }
    };
}

line!(warn, Level::WARN);
line!(debug, Level::DEBUG);

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value.and_then(|value| value.to_str().ok()).map(cut)
}

/// Values from outside are cut, so that nobody can fill the log with one request.
pub(super) fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(LONGEST_VALUE).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut("/short"), "/short");
        assert_eq!(cut(&"街".repeat(300)), "街".repeat(LONGEST_VALUE));
    }
}
