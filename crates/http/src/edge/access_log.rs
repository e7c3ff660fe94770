//! One line for each request: our failures and slow ones as warnings, as long as they do not repeat, the rest at debug
//! level (docs/logging.md).

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use tracing::{Level, enabled, event};

use super::Asked;
use crate::Repeats;

/// The target of access lines, for filters.
const TARGET: &str = "machi::access";
/// In characters.
const LONGEST_VALUE: usize = 256;

pub(super) fn write(asked: &Asked, status: StatusCode, took: Duration, slow: Duration, repeats: &Repeats) {
    let fault = if is_ours(status) {
        Some("request failed")
    } else if took >= slow {
        Some("request was slow")
    } else {
        None
    };
    if let Some(message) = fault
        && let Some(untold) = repeats.tell((message, status.as_u16()))
    {
        warn(asked, status, took, untold, message);
    } else if enabled!(target: TARGET, Level::DEBUG) {
        debug(asked, status, took, 0, fault.unwrap_or("request"));
    }
}

/// Whether a request failed by our fault, or because all of us is busy. A @context that cannot be loaded (504) and what
/// is not there yet (501) are of the caller's choice.
pub(super) fn is_ours(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::GATEWAY_TIMEOUT && status != StatusCode::NOT_IMPLEMENTED
}

/// Makes the function that writes lines of one level, as a level is fixed where its line stands.
macro_rules! line {
    ($name:ident, $level:expr) => {
        /// Queries and bodies are not logged: they may tell of persons.
        fn $name(asked: &Asked, status: StatusCode, took: Duration, untold: u64, message: &'static str) {
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
                untold.count = (untold > 0).then_some(untold),
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
    fn only_our_own_failures_are_warnings() {
        for (status, ours) in [(200, false), (404, false), (500, true), (501, false), (503, true), (504, false)] {
            assert_eq!(is_ours(StatusCode::from_u16(status).unwrap()), ours, "{status}");
        }
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut("/short"), "/short");
        assert_eq!(cut(&"街".repeat(300)), "街".repeat(LONGEST_VALUE));
    }
}
