//! What an entity must be like for a write to be done: not expired, of the asked types, of the asked version.

use machi_face::FaceError;
use machi_http::Text;
use machi_http::request::{Conditions, Etag};
use machi_model::entity::{Corrupt, Head, HeadRef};
use machi_model::laws;
use machi_model::query::TypeExpression;
use machi_store::{Change, Decision, Document, Names, Section, SectionKey, Stamp};
use machi_types::Timestamp;
use rustc_hash::FxHashSet;

use super::change::{Plan, known_key};

/// What the client says about the entity that it wants to change.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Of which types it must be.
    pub types: Option<TypeExpression>,
    /// `If-Match` and `If-None-Match`.
    pub conditions: Conditions,
}

impl Guard {
    /// Refuses where the entity is of other types (ETSI GS CIM 009 §5.6: "and where specified type").
    pub(crate) fn check_types(&self, document: Option<&Document>) -> Result<(), FaceError> {
        let (Some(expression), Some(document)) = (&self.types, document) else { return Ok(()) };
        if expression.matches(&Head::decode(&document.head)?.types) {
            return Ok(());
        }
        Err(FaceError::OfOtherType { id: document.id.clone() })
    }

    /// Refuses where the entity is of another version. RFC 9110 §13.2.1: asked only once all else is well.
    pub(crate) fn check_version(&self, document: Option<&Document>) -> Result<(), FaceError> {
        if self.conditions.is_empty() {
            return Ok(());
        }
        let etag = document.map(|document| Etag::of_version(document.version));
        self.conditions.check_write(etag.as_ref()).map_err(FaceError::from)
    }
}

/// The document, unless its entity has expired (ETSI GS CIM 009 §4.22).
pub(crate) fn living(document: Option<&Document>, time: Timestamp) -> Result<Option<&Document>, Corrupt> {
    let Some(document) = document else { return Ok(None) };
    let expires = HeadRef::read(&document.head)?.expires_at();
    Ok(expires.is_none_or(|expires| expires > time).then_some(document))
}

/// Refuses a change that would leave the entity with more attribute instances than one may have.
pub(crate) fn check_size(
    plan: &Plan,
    living: Option<&Document>,
    names: &dyn Names,
    limit: usize,
) -> Result<(), FaceError> {
    let before = match plan {
        Plan::Keep | Plan::Delete => return Ok(()),
        Plan::Whole(..) => &[][..],
        Plan::Parts(_) => living.map_or(&[][..], |document| &document.sections),
    };
    if before.len() + plan.sets() <= limit {
        return Ok(());
    }
    let after = kept(plan, before, names) + plan.sets();
    // An entity from times of a higher limit may still be changed, only not grow.
    if after <= limit || after <= before.len() {
        return Ok(());
    }
    Err(FaceError::bad_data(Text::both(
        format!(
            "the entity would have {after} attributes; {limit} are the most that one may have here ([limits] attributes)"
        ),
        format!("エンティティの属性が{after}個になります。上限は{limit}個です([limits] attributes)"),
    )))
}

/// How many of these sections a plan does not touch.
fn kept(plan: &Plan, before: &[Section], names: &dyn Names) -> usize {
    let Plan::Parts(changes) = plan else { return before.len() };
    // What has no number yet is in no document.
    let known = |key: &laws::SectionKey| known_key(names, &key.name, key.dataset_id.as_deref());
    let touched: FxHashSet<SectionKey> =
        changes.set.iter().map(|set| &set.key).chain(&changes.remove).filter_map(known).collect();
    before.iter().filter(|section| !touched.contains(&section.key)).count()
}

/// A decision on an entity that has expired but is still stored: a new one takes nothing over from it.
pub(crate) fn over_expired(decision: Decision, stored: Option<&Document>, living: Option<&Document>) -> Decision {
    match decision {
        Decision::Change(change) if stored.is_some() && living.is_none() => {
            let set = change.set.into_iter().map(|mut section| {
                section.created = Stamp::Fresh;
                section
            });
            Decision::Change(Change { replace: true, created: Stamp::Fresh, set: set.collect(), ..change })
        }
        other => other,
    }
}
