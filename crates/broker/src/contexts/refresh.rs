//! Keeping copies of remote documents fresh, in the background, so that no request waits for it
//! (ETSI GS CIM 009 §6.3.16).

use std::cmp::Reverse;

use machi_types::TenantId;

use super::Contexts;
use super::record::{ContextKind, Record};
use crate::BrokerError;

impl Contexts {
    /// Loads anew what is stale and in use, and drops what is beyond the number of copies to be stored.
    pub async fn refresh(&self) -> Result<(), BrokerError> {
        let shared = TenantId::default_tenant();
        let records = self.records(&shared).await?;
        let mut copies: Vec<Record> = records.into_iter().filter(|record| record.kind == ContextKind::Cached).collect();
        copies.sort_by_key(|record| Reverse(self.held.figures(&record.id).map(|figures| figures.last)));
        for surplus in copies.iter().skip(self.config.stored) {
            self.remove(&shared, &surplus.id).await?;
        }
        copies.truncate(self.config.stored);
        let now = self.clock.now();
        for copy in &copies {
            let is_stale = copy.expires.is_some_and(|expires| expires <= now);
            let is_used = self.held.figures(&copy.id).is_some();
            let (true, true, Some(url)) = (is_stale, is_used, &copy.url) else { continue };
            match self.load_anew(url).await {
                Ok(_) => self.held.forget(&copy.id),
                // The stale copy serves on; the next round tries again.
                Err(error) => tracing::info!(%url, %error, "a stale @context could not be loaded anew"),
            }
        }
        Ok(())
    }
}
