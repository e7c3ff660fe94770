//! Erasing a tenant: a commit without entries, behind which its spaces are gone.

use std::sync::Arc;

use machi_store::{Collection, StoreError};
use machi_types::{TenantId, Timestamp};
use rustc_hash::FxHashSet;

use super::Committer;
use crate::journal::record::{Batch, CommitRecord};

impl Committer {
    /// Erases a tenant but for these collections.
    pub(super) fn erase(&mut self, tenant: &TenantId, spared: &[Collection]) -> Result<(), StoreError> {
        let spaces = self.engine.spaces.of_tenant(tenant).into_iter();
        let spaces = spaces.filter(|space| !spared.contains(&space.collection));
        let spaces: Vec<u32> = spaces.map(|space| space.number).collect();
        if spaces.is_empty() {
            return Ok(());
        }
        self.check_writable().map_err(|reason| StoreError::ReadOnly { reason })?;
        // What the last batch used may be what is erased now.
        self.engine.names_on_disk.begin(FxHashSet::default());
        let commit = self.last_commit + 1;
        let time = self.engine.clock.now().max(Timestamp::from_micros(self.last_time.micros() + 1));
        let record = CommitRecord { number: commit, time, cursors: Vec::new(), changes: Vec::new() };
        let batch = Batch { erased: spaces.clone(), commits: vec![record], ..Batch::default() };
        self.engine.erasure.begin(commit)?;
        self.journal_bytes_since_checkpoint += self.journal.append(&batch, commit, commit)?;
        self.drop_spaces(&spaces, commit, time);
        // Whoever reads the feed may hold something of the tenant.
        self.engine.newest.send_replace(commit);
        self.journal.cut(commit);
        self.seal();
        Ok(())
    }

    /// Makes the commit visible that erases these spaces.
    fn drop_spaces(&mut self, spaces: &[u32], commit: u64, time: Timestamp) {
        let mut root = self.engine.root.write();
        let root = Arc::make_mut(&mut root);
        for space in spaces {
            self.engine.spaces.remove(*space);
            root.spaces.remove(space);
            self.engine.erase_later(*space);
        }
        root.position = commit;
        self.engine.set_time_of_last_commit(time);
        self.engine.documents.publish(commit);
        (self.last_commit, self.last_time) = (commit, time);
    }
}
