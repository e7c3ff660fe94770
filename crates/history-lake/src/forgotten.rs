//! Whose past was erased while they lived on: few heads among many, which each file is read for once while it is open.

use machi_archive::{ArchiveError, Origin};
use machi_types::{Name, Timestamp};

use crate::columns::head;
use crate::data::DataFile;
use crate::rows::{RowReader, origin_of};

impl DataFile {
    /// The entities that have such a head in this file of heads, and since when; those with several come several times.
    pub(crate) fn forgotten(&self) -> Result<&[(Name, Timestamp)], ArchiveError> {
        if let Some(found) = self.forgotten.get() {
            return Ok(found);
        }
        let found = self.find_forgotten()?;
        Ok(self.forgotten.get_or_init(|| found))
    }

    fn find_forgotten(&self) -> Result<Vec<(Name, Timestamp)>, ArchiveError> {
        let (mut origins, mut cells) = (self.cursor(head::ORIGIN), Vec::new());
        let mut heads = RowReader::without(self, &[head::TYPES, head::CREATED_AT, head::DELETED_AT, head::EXPIRES_AT]);
        let mut found = Vec::new();
        for (group, ends) in self.groups.windows(2).enumerate() {
            // Nearly always all were written by changes, and the statistics say so.
            let only = self.constant_in(head::ORIGIN, group);
            if only.is_some_and(|origin| origin_of(&origin) != Some(Origin::Forgotten)) {
                continue;
            }
            cells.clear();
            origins.read(ends[0]..ends[1], &mut cells)?;
            for (row, _) in (ends[0]..).zip(&cells).filter(|(_, cell)| origin_of(cell) == Some(Origin::Forgotten)) {
                heads.read(row..row + 1)?;
                let time = heads.cell(0, head::MODIFIED_AT).as_time();
                found.extend(heads.cell(0, head::ENTITY_ID).as_text().cloned().zip(time));
            }
        }
        Ok(found)
    }
}
