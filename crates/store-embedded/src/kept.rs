//! From which commit on a tree can be read as of: merging tables has dropped what only earlier views saw.
//!
//! It is kept in a file, so that a reader who asks for an earlier instant is told so after a restart, too.

use std::path::{Path, PathBuf};

use machi_store::StoreError;
use parking_lot::Mutex;

use crate::failure::damaged;
use crate::files;

const FILE: &str = "kept";
const TEXT: &str = "readable from commit ";

/// The bound of one tree.
#[derive(Debug)]
pub(crate) struct Kept {
    file: PathBuf,
    from: Mutex<u64>,
}

impl Kept {
    /// Reads the bound in a tree's folder; without one all that was ever written can be read.
    pub(crate) fn read(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(FILE);
        let from = match files::read_if_there(&file)? {
            Some(text) => parse(&text).ok_or_else(|| damaged(&file, "it is not what was written"))?,
            None => 0,
        };
        Ok(Self { file, from: Mutex::new(from) })
    }

    pub(crate) fn from(&self) -> u64 {
        *self.from.lock()
    }

    /// Raises the bound, durably, before anything is dropped on the strength of it.
    pub(crate) fn raise(&self, from: u64) -> Result<(), StoreError> {
        let mut known = self.from.lock();
        if from > *known {
            let content = format!("{TEXT}{from}");
            files::write_durably(&self.file, format!("{content}\n{}\n", files::sum_line(&content)))?;
            *known = from;
        }
        Ok(())
    }
}

fn parse(text: &str) -> Option<u64> {
    let (content, end) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let is_intact = end == files::sum_line(content);
    content.strip_prefix(TEXT)?.parse().ok().filter(|_| is_intact)
}
