//! What an answer about the past holds, and how it is put together.

use machi_archive::{Evolution, Series, Snapshot};
use machi_face::FaceError;
use machi_http::Text;
use machi_model::query::{TemporalRelation, TimeProperty};
use machi_types::{ErrorKind, Name, Timestamp};
use rustc_hash::FxHashMap;

use super::reading::Reading;
use crate::domain::cut::Range;
use crate::domain::represent::{Representation, Shown};
use crate::domain::timing::{FIRST, Timing};

/// What was told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) body: Vec<u8>,
    /// How many evolutions it tells of.
    pub(crate) evolutions: usize,
    /// The time that it covers, where it does not cover all that was asked for.
    pub(crate) range: Option<Range>,
    /// Where it was cut, if it was.
    pub(crate) edge: Option<Timestamp>,
    /// Whether anything was changed to keep to an earlier version of the standard.
    pub(crate) is_amended: bool,
}

/// Puts evolutions one behind the other.
#[derive(Debug)]
pub(super) struct Scribe<'s> {
    representation: &'s Representation,
    context: Option<String>,
    body: Vec<u8>,
    told: usize,
    pub(super) is_amended: bool,
}

impl<'s> Scribe<'s> {
    pub(super) fn new(representation: &'s Representation) -> Self {
        Self {
            representation,
            context: representation.context_text(),
            body: Vec::with_capacity(4096),
            told: 0,
            is_amended: false,
        }
    }

    /// Writes an evolution, unless nothing is left of it.
    pub(super) fn tell(&mut self, shown: &Shown<'_>) -> Result<(), FaceError> {
        if !self.representation.shows_any(shown) {
            return Ok(());
        }
        if self.told > 0 {
            self.body.push(b',');
        }
        self.told += 1;
        Ok(self.representation.write(shown, self.context.as_deref(), &mut self.body)?)
    }

    pub(super) fn finish(self, range: Option<Range>, edge: Option<Timestamp>) -> Told {
        Told { body: self.body, evolutions: self.told, range, edge, is_amended: self.is_amended }
    }
}

impl Told {
    /// The body of a list.
    pub(crate) fn into_list(mut self) -> Self {
        self.body.insert(0, b'[');
        self.body.push(b']');
        self
    }
}

/// When anything of these entities last changed.
pub(super) fn last_changes<'e>(
    past: &dyn Snapshot,
    evolutions: impl Iterator<Item = &'e Evolution>,
) -> Result<FxHashMap<Name, Timestamp>, FaceError> {
    let mut changes: FxHashMap<Name, Timestamp> = FxHashMap::default();
    for evolution in evolutions {
        if let Some(time) = evolution.heads.iter().map(|head| head.modified_at).max() {
            changes.insert(evolution.entity.clone(), time);
        }
    }
    let mut entities: Vec<Name> = changes.keys().cloned().collect();
    entities.sort_unstable();
    let always = TemporalRelation::After(FIRST);
    for property in [TimeProperty::ModifiedAt, TimeProperty::DeletedAt] {
        let timing = Timing::By(property, Some(always));
        let reading = Reading { past, entities: &entities, attributes: None, timing, keeps: &|_: &Series| true };
        for (series, all) in reading.last(1)?.series {
            let last = all.iter().map(|one| one.instance.modified_at).max();
            let known = changes.entry(series.entity).or_insert(FIRST);
            *known = last.map_or(*known, |last| last.max(*known));
        }
    }
    Ok(changes)
}

/// One instant alone has more than an answer may hold: it cannot be cut (§6.3.10).
pub(super) fn too_many(most: usize) -> FaceError {
    FaceError::Refused {
        kind: ErrorKind::TooManyResults,
        detail: Text::both(
            format!(
                "more than {most} instances have the same time, and an answer holds no more ([limits] instances); ask for fewer entities or attributes"
            ),
            format!(
                "同じ時刻のインスタンスが{most}件を超えています([limits] instances)。エンティティや属性を絞り込んでください"
            ),
        ),
    }
}
