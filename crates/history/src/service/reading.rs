//! Reads instances of many entities at once from one snapshot of the past, and no more of them than an answer needs.

use machi_archive::{Series, Share, Snapshot, WantedInstances};
use machi_face::FaceError;
use machi_http::Text;
use machi_model::query::{TemporalQuery, TimeProperty};
use machi_store::StoreError;
use machi_types::{Name, Timestamp};

use crate::domain::cut::next_instant;
use crate::domain::gathered::{Gathered, Gatherer, ROOM};
use crate::domain::timing::{FIRST, Timing};
use crate::error::failed;

/// By how much more is read where it was not enough.
const GROWTH: usize = 4;

/// Which instances are read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'r> {
    pub(super) past: &'r dyn Snapshot,
    /// Of these entities, which ascend.
    pub(super) entities: &'r [Name],
    /// Of these attributes; of all if none.
    pub(super) attributes: Option<&'r [Name]>,
    pub(super) timing: Timing,
    /// Which series of them.
    pub(super) keeps: &'r dyn Fn(&Series) -> bool,
}

impl Reading<'_> {
    /// All of them.
    pub(super) fn all(&self) -> Result<Gathered, FaceError> {
        self.share(self.timing, Share::All)
    }

    /// The last ones of each series.
    pub(super) fn last(&self, count: usize) -> Result<Gathered, FaceError> {
        let mut gathered = self.share(self.timing, Share::Latest(count))?;
        gathered.keep_last(count);
        Ok(gathered)
    }

    /// The first ones behind a time: all there are, or more than so many.
    pub(super) fn first_beyond(&self, earlier: Option<Timestamp>, most: usize) -> Result<Gathered, FaceError> {
        let timing = earlier.map_or(self.timing, |earlier| self.timing.from(next_instant(earlier)));
        let mut share = most.saturating_add(1);
        loop {
            let mut gathered = self.share(timing, Share::Earliest(share))?;
            let Some(horizon) = gathered.horizon else { return Ok(gathered) };
            gathered.retain(|_, one| one.time <= horizon);
            if gathered.count > most {
                return Ok(gathered);
            }
            share = share.saturating_mul(GROWTH);
        }
    }

    /// Of the last `count` ones of each series those before a time: all of them, or more than so many of the last.
    pub(super) fn last_before(
        &self,
        count: usize,
        earlier: Option<Timestamp>,
        most: usize,
    ) -> Result<Gathered, FaceError> {
        let is_before = |time: Timestamp| earlier.is_none_or(|earlier| time < earlier);
        let mut share = count.min(most.saturating_mul(GROWTH).div_ceil(self.entities.len().max(1)).max(1));
        loop {
            let mut gathered = self.share(self.timing, Share::Latest(share))?;
            let horizon = gathered.horizon.filter(|_| share < count);
            gathered.keep_last(share);
            gathered.retain(|_, one| is_before(one.time));
            let Some(horizon) = horizon else { return Ok(gathered) };
            gathered.retain(|_, one| one.time > horizon);
            if gathered.count > most {
                return Ok(gathered);
            }
            share = count.min(share.saturating_mul(GROWTH));
        }
    }

    fn share(&self, timing: Timing, share: Share) -> Result<Gathered, FaceError> {
        let mut gathered = Gathered::default();
        if self.attributes.is_some_and(<[Name]>::is_empty) || self.entities.is_empty() {
            return Ok(gathered);
        }
        let (entities, attributes) = (self.entities, self.attributes);
        for (time, property) in questions(timing, share) {
            let wanted = WantedInstances { attributes, time, share, ..WantedInstances::all_of(entities) };
            let mut sink = Gatherer::new((timing, property), self.keeps, share, &mut gathered);
            self.past.read(&wanted, &mut sink).map_err(failed)?;
            sink.finish();
        }
        if gathered.is_full {
            return Err(too_many());
        }
        gathered.sort();
        Ok(gathered)
    }
}

/// What an archive is asked: all of everything by one question, anything else by one for each time that is looked at.
fn questions(timing: Timing, share: Share) -> Vec<(Option<TemporalQuery>, TimeProperty)> {
    match (timing, share) {
        (Timing::Any(FIRST), Share::All) => vec![(None, timing.property())],
        _ => timing.queries().into_iter().map(|query| (Some(query), query.property)).collect(),
    }
}

fn too_many() -> FaceError {
    StoreError::TooComplex(Text::both(
        format!(
            "more than {ROOM} instances would have to be read at once; a shorter interval or fewer attributes help"
        ),
        format!("一度に読み取るインスタンスが{ROOM}件を超えます。期間や属性を絞り込んでください"),
    ))
    .into()
}
