//! The ways in which a request to the outside fails.

use std::error::Error;
use std::time::Duration;

use machi_types::Phrase;

use super::connect::ConnectError;
use super::egress::EgressError;

/// Why there is no answer from outside.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("\"{url}\" cannot be asked: {}", reason.en)]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: Phrase,
    },
    /// A header cannot be sent.
    #[error("the header \"{0}\" cannot be sent: its name or value is not allowed in HTTP")]
    Header(String),
    /// The guard refuses the address, or the name leads nowhere.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// Nobody takes the connection.
    #[error("{host} does not take a connection: {reason}")]
    Connect {
        /// Whom we asked.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// The other side's certificate or its TLS is not acceptable.
    #[error("no trusted connection to {host}: {reason}")]
    Tls {
        /// Whom we asked.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The whole exchange took too long.
    #[error("no complete answer within {} ms", after.as_millis())]
    TimedOut {
        /// The time allowed.
        after: Duration,
    },
    /// The answer is longer than allowed.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The most bytes allowed.
        limit: u64,
    },
    /// Redirects lead on and on.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The most redirects allowed.
        limit: u8,
    },
    /// A redirect leads to what is no address.
    #[error("a redirect without a usable Location")]
    Redirect,
    /// The connection broke, or the other side does not speak HTTP.
    #[error("the exchange with {host} broke: {reason}")]
    Broken {
        /// Whom we asked.
        host: String,
        /// What happened.
        reason: String,
    },
}

impl ClientError {
    /// The same in Japanese; what the system or the other side says stays as it is.
    pub fn in_japanese(&self) -> String {
        match self {
            Self::Url { url, reason } => format!("\"{url}\"にリクエストを送れません({})", reason.ja),
            Self::Header(name) => format!("ヘッダー\"{name}\"を送れません。名前か値がHTTPで使えないものです"),
            Self::Egress(error) => error.in_japanese(),
            Self::Connect { host, reason } => format!("{host}に接続できません(\"{reason}\")"),
            Self::Tls { host, reason } => format!("{host}との信頼できる接続を確立できません(\"{reason}\")"),
            Self::TimedOut { after } => format!("{}ミリ秒以内に応答が完了しませんでした", after.as_millis()),
            Self::TooLarge { limit } => format!("応答が{limit}バイトを超えています"),
            Self::TooManyRedirects { limit } => format!("リダイレクトが{limit}回を超えました"),
            Self::Redirect => "リダイレクト先を示すLocationヘッダーが使えません".to_owned(),
            Self::Broken { host, reason } => format!("{host}との通信が途中で切れました(\"{reason}\")"),
        }
    }

    /// Finds our own error below those of the HTTP library.
    pub(super) fn of_exchange(host: &str, error: &(dyn Error + 'static)) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        let mut deepest = error.to_string();
        while let Some(one) = cause {
            if let Some(connect) = one.downcast_ref::<ConnectError>() {
                return connect.clone().into_client_error();
            }
            deepest = one.to_string();
            cause = one.source();
        }
        Self::Broken { host: host.to_owned(), reason: deepest }
    }
}
