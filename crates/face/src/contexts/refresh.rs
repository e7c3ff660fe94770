//! Keeping copies of remote documents fresh, in the background, so that no request waits for it
//! (ETSI GS CIM 009 §6.3.16).

use std::cmp::Reverse;

use futures_util::stream::{self, StreamExt};
use machi_types::{Name, TenantId, Timestamp};

use super::Contexts;
use super::record::{ContextKind, Facts};
use crate::FaceError;

/// How many copies are loaded anew at once, so that servers that hang hold up no others.
const AT_ONCE: usize = 8;

impl Contexts {
    /// Loads anew what is stale and in use, and drops what is beyond the number of copies to be stored.
    pub async fn refresh(&self) -> Result<(), FaceError> {
        let shared = TenantId::default_tenant();
        let mut copies = self.facts(&shared).await?;
        copies.retain(|facts| facts.kind == ContextKind::Cached);
        copies.sort_by_key(|copy| Reverse(self.held.figures(&copy.id).map(|figures| figures.last)));
        for surplus in copies.iter().skip(self.config.stored) {
            self.remove(&shared, &surplus.id).await?;
        }
        copies.truncate(self.config.stored);
        let now = self.clock.now();
        let due = copies.iter().filter(|copy| self.is_due(copy, now));
        let due = due.filter_map(|copy| Some((&copy.id, copy.url.as_ref()?)));
        stream::iter(due).for_each_concurrent(AT_ONCE, |(id, url)| self.refresh_copy(id, url)).await;
        Ok(())
    }

    /// Whether a copy is stale and in use, and its server did not fail a moment ago.
    fn is_due(&self, copy: &Facts, now: Timestamp) -> bool {
        let is_stale = copy.expires.is_some_and(|expires| expires <= now);
        let failed = |url: &Name| self.failures.recent(url).is_some();
        is_stale && self.held.figures(&copy.id).is_some() && !copy.url.as_ref().is_some_and(failed)
    }

    async fn refresh_copy(&self, id: &Name, url: &Name) {
        match self.load_anew(url).await {
            Ok(_) => self.held.forget(id),
            // The stale copy serves on; a later round tries again.
            Err(error) => tracing::info!(%url, %error, "a stale @context could not be loaded anew"),
        }
    }
}
