//! How a connection begins: who asks, for which database, in which protocol.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use machi_types::{Caller, RequestId, TenantId};
use tokio::time::timeout;

use super::failure::Failure;
use super::messages::Body;
use super::server::Shared;
use super::socket::{Broken, Inbox, Outbox};
use crate::Sql;

/// The numbers that stand where the version of the protocol is expected.
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// How long a client may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);
/// Databases by these names are the default tenant, unless there is a tenant of that name.
const DEFAULTS: [&str; 4] = ["", "machi", "postgres", "defaultdb"];

/// What a client says at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Startup {
    /// The minor version of the protocol.
    pub(super) minor: u32,
    pub(super) parameters: BTreeMap<String, String>,
}

/// Reads who asks; nothing if it only asked to cancel a query.
pub(super) async fn read(
    inbox: &mut Inbox,
    outbox: &mut Outbox,
    shared: &Arc<Shared>,
) -> Result<Option<Startup>, Broken> {
    timeout(PATIENCE, begin(inbox, outbox, shared)).await.map_err(|_| Broken::Slow)?
}

async fn begin(inbox: &mut Inbox, outbox: &mut Outbox, shared: &Arc<Shared>) -> Result<Option<Startup>, Broken> {
    // A client asks for each kind of encryption once.
    for _ in 0..3 {
        let mut message = inbox.first().await?;
        message.advance(4);
        let mut body = Body(message);
        match body.number().map_err(|_| Broken::Malformed)? {
            TLS | GSS => outbox.byte(b'N').await?,
            CANCEL => {
                let number = body.number().map_err(|_| Broken::Malformed)?;
                let secret = body.number().map_err(|_| Broken::Malformed)?;
                shared.cancel(number as i32, secret as i32);
                return Ok(None);
            }
            version if version >> 16 == 3 => return startup(version & 0xffff, body.0).map(Some),
            _ => return Err(Broken::Malformed),
        }
    }
    Err(Broken::Malformed)
}

fn startup(minor: u32, body: Bytes) -> Result<Startup, Broken> {
    let mut body = Body(body);
    let mut parameters = BTreeMap::new();
    loop {
        let name = body.text().map_err(|_| Broken::Malformed)?;
        if name.is_empty() {
            break;
        }
        parameters.insert(name, body.text().map_err(|_| Broken::Malformed)?);
    }
    if body.0.is_empty() { Ok(Startup { minor, parameters }) } else { Err(Broken::Malformed) }
}

impl Startup {
    pub(super) fn user(&self) -> &str {
        self.parameters.get("user").map_or("", String::as_str)
    }

    /// The database; without one it is that of the user's name, as everywhere.
    pub(super) fn database(&self) -> &str {
        self.parameters.get("database").map_or_else(|| self.user(), String::as_str)
    }

    /// The tenant that the database stands for.
    pub(super) async fn caller(&self, sql: &Sql, request: RequestId) -> Result<Caller, Failure> {
        let name = self.database();
        let default = || Caller::anonymous(TenantId::default_tenant(), request);
        if name == TenantId::DEFAULT_WORD {
            return Ok(default());
        }
        if let Ok(tenant) = name.parse::<TenantId>()
            && sql.face.store.has_tenant(&tenant).await.map_err(SqlError::from)?
        {
            return Ok(Caller::anonymous(tenant, request));
        }
        if DEFAULTS.contains(&name) || name == self.user() {
            return Ok(default());
        }
        Err(Failure::new(
            "3D000",
            format!("there is no tenant \"{name}\"; the default one is the database \"machi\""),
            format!(
                "テナント\"{name}\"は存在しません。デフォルトのテナントに接続するには、データベース名を\"machi\"にしてください"
            ),
        ))
    }

    /// Settings that the connection begins with: those of the protocol, and those of `options` (`-c name=value`).
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let named = ["user", "database", "options", "replication"];
        let plain = self.parameters.iter().filter(|(name, _)| !named.contains(&&***name));
        let plain = plain.map(|(name, value)| (name.clone(), value.clone()));
        let options = self.parameters.get("options").map_or("", String::as_str);
        let words = options.split_whitespace().filter_map(|word| {
            let word = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).unwrap_or(word);
            word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        });
        plain.chain(words).collect()
    }

    /// Parameters that only newer versions of the protocol have.
    pub(super) fn unknown(&self) -> Vec<String> {
        self.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_at_first_is_read() {
        let read = |body: &'static [u8]| startup(0, Bytes::from_static(body)).ok();
        let found = read(b"user\0me\0database\0city\0options\0-c lc_messages=ja_JP -c a=b\0\0").expect("it is whole");
        assert_eq!((found.user(), found.database()), ("me", "city"));
        let settings = found.settings();
        assert!(settings.contains(&("lc_messages".to_owned(), "ja_JP".to_owned())), "{settings:?}");
        assert_eq!(read(b"user\0me\0\0").map(|found| found.database().to_owned()).as_deref(), Some("me"));
        for cut in [&b"user\0me\0"[..], b"user", b"", b"user\0me\0\0more"] {
            assert_eq!(read(cut), None, "{cut:?}");
        }
    }
}
