//! Work that nobody waits for: writing tables, merging them, checkpoints, and clearing away.

use std::sync::Arc;
use std::time::Duration;

use machi_store::StoreError;
use machi_types::Language;

use crate::checkpoint::{self, Written};
use crate::engine::Engine;
use crate::erasure::Clearing;
use crate::failure;
use crate::queue::Queue;

const IDLE: Duration = Duration::from_millis(500);

/// How far this thread stands back behind those that answer requests, in steps of `nice`: it still comes on where the
/// processors are busy, and a writer who has to wait for it leaves them to it.
const NICE: i32 = 10;

/// Lets the calling thread stand back.
pub fn give_way() {
    // On Linux this sets the calling thread alone. Where it is refused, the work is done all the same.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Works until the engine closes, then writes what is left.
pub(crate) fn run(engine: &Engine, queue: &Queue, checkpointed: Written) {
    give_way();
    let mut work = Work { engine, queue, checkpointed, clearing: Clearing::default() };
    loop {
        let is_closing = engine.background.wait(IDLE);
        let trouble = work.round(is_closing).err().map(|error| failure::told(&error));
        if let Some(trouble) = &trouble {
            let trouble = trouble.in_language(Language::English);
            tracing::error!(trouble, "tables could not be written; trying again");
        }
        let has_failed = trouble.is_some();
        engine.background.report(trouble);
        if is_closing {
            return;
        }
        if has_failed {
            std::thread::sleep(IDLE);
        }
    }
}

struct Work<'a> {
    engine: &'a Engine,
    queue: &'a Queue,
    checkpointed: Written,
    clearing: Clearing,
}

impl Work<'_> {
    fn round(&mut self, is_closing: bool) -> Result<(), StoreError> {
        let engine = self.engine;
        let _tables = engine.tables.lock();
        engine.documents.tree().flush()?;
        // A checkpoint that could not be written comes before the next one.
        engine.pages.flush()?;
        if is_closing || engine.is_checkpoint_due() {
            self.checkpoint()?;
        }
        if is_closing {
            return self.close();
        }
        self.clearing.clear(engine, self.queue)?;
        engine.update_keep_from();
        self.clearing.finish(engine)?;
        engine.documents.tree().compact()?;
        engine.pages.compact()?;
        self.remove_old_segments()
    }

    /// What was erased goes before a city rests: it may rest for long.
    fn close(&mut self) -> Result<(), StoreError> {
        if self.engine.erasure.pending().is_none() {
            return Ok(());
        }
        self.clearing.close(self.engine)?;
        self.remove_old_segments()?;
        self.clearing.finish(self.engine)
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let engine = self.engine;
        let root = Arc::clone(&engine.root.read());
        if root.position > engine.pages.applied() {
            let time = engine.time_of_last_commit();
            // What is gathered reaches the disk before anything that is gathered later, also where the flush fails
            // now: the next checkpoint must take back what this one has put, an erased space for one.
            self.checkpointed = checkpoint::gather(engine, &self.checkpointed, &root, time);
            engine.pages.flush()?;
        }
        engine.checkpoint_done();
        Ok(())
    }

    /// Removes journal that neither a restart nor a reader of the feed needs.
    fn remove_old_segments(&self) -> Result<(), StoreError> {
        let engine = self.engine;
        let needed = engine.documents.tree().applied().min(engine.pages.applied());
        let read = engine.pinned().unwrap_or(u64::MAX);
        let upto = needed.min(read);
        if let Some(erased) = engine.erasure.pending() {
            // Readers that come back for it must do without.
            engine.segments.remove_upto(upto.min(erased))?;
        }
        if engine.segments.bytes() > engine.options.feed_bytes {
            engine.segments.remove_upto(upto)?;
        } else {
            engine.segments.remove_older(upto, engine.options.feed_kept)?;
        }
        Ok(())
    }
}
