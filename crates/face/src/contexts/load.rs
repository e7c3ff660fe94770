//! Loading a context document from its URL: the one trait through which this block reaches outside.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use machi_types::Text;

/// What loading a document answers, in time.
pub type Loading<'a> = Pin<Box<dyn Future<Output = Result<Loaded, Text>> + Send + 'a>>;

/// Loads documents; the reason of a failure is told in words, for clients to read.
pub trait LoadDocument: Debug + Send + Sync {
    /// Loads the document of a URL, following redirections, within time and size limits.
    fn load<'a>(&'a self, url: &'a str) -> Loading<'a>;
}

/// A document as it was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Where it was found in the end.
    pub url: String,
    /// Its text.
    pub text: Bytes,
    /// How long it stays fresh, where the server says so.
    pub fresh: Option<Duration>,
}

/// For a city that loads nothing.
#[derive(Clone, Copy, Debug)]
pub struct LoadNothing;

impl LoadDocument for LoadNothing {
    fn load<'a>(&'a self, _: &'a str) -> Loading<'a> {
        Box::pin(async {
            Err(Text::both(
                "loading contexts from the network is switched off ([contexts] fetch = false)",
                "ネットワークからの@contextの取得は無効になっています([contexts] fetch = false)",
            ))
        })
    }
}
