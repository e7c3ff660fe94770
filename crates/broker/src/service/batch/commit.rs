//! One group of a batch: its decisions in one commit, and what came of each.

use std::sync::Arc;

use machi_face::FaceError;
use machi_http::Text;
use machi_store::{Commit, Decision, Document, Outcome, Refusal};
use machi_types::{ErrorKind, Json, Name};
use parking_lot::Mutex;

use super::Shared;
use super::item::Item;
use crate::collections::ENTITIES;
use crate::domain::guard;
use crate::service::write::{Decider, Now};
use machi_face::once::{Effect, UpdateResult};

/// What became of one item.
pub(super) enum Verdict {
    /// The entity is new.
    Created(Name),
    /// The entity existed, and what was asked for was done.
    Changed(Name),
    /// It was not done, or not all of it.
    Failed(Name, Box<FaceError>),
}

/// What became of a group.
pub(super) struct Committed {
    /// In the order of the items.
    pub(super) verdicts: Vec<Verdict>,
    /// Why nothing of the group was done, and the items in it.
    pub(super) failure: Option<(FaceError, Vec<Name>)>,
}

/// Where a decision leaves what it came to: the store knows entities that have expired, and clients do not.
type CameTo = Arc<Mutex<Option<Effect>>>;

/// An item on its way through the commit.
enum Place {
    Bad(Name, Box<FaceError>),
    Proposed(Name, CameTo),
}

/// Commits the items of a group.
pub(super) async fn commit(shared: &Shared, group: Vec<Item>) -> Committed {
    let mut commit = Commit::new(shared.caller.tenant().clone());
    let time = shared.broker.clock.now();
    let most = shared.broker.face.config.limits.attributes;
    let mut places = Vec::with_capacity(group.len());
    for item in group {
        match item {
            Item::Ready { id, decide, .. } => {
                let effect = CameTo::default();
                let store = Arc::clone(&shared.broker.store);
                commit = commit.with(ENTITIES, id.clone(), proposal(decide, store, (time, most), Arc::clone(&effect)));
                places.push(Place::Proposed(id, effect));
            }
            Item::Bad { name, error, .. } => places.push(Place::Bad(name, Box::new(error))),
            Item::NeedsContext { text, .. } => {
                let error = FaceError::Bug("an item reached its commit without a context");
                places.push(Place::Bad(super::item::name_of(&text), Box::new(error)));
            }
        }
    }
    if commit.proposals.is_empty() {
        return Committed { verdicts: verdicts(places, Vec::new()), failure: None };
    }
    match shared.broker.store.commit(commit).await {
        Ok(receipt) => Committed { verdicts: verdicts(places, receipt.outcomes), failure: None },
        Err(error) => {
            let names = places.into_iter().map(Place::into_name).collect();
            Committed { verdicts: Vec::new(), failure: Some((error.into(), names)) }
        }
    }
}

fn proposal(
    mut decide: Decider,
    store: Arc<dyn machi_store::Store>,
    (time, most): (machi_types::Timestamp, usize),
    came_to: CameTo,
) -> impl FnMut(Option<&Document>) -> Result<Decision, Refusal> + Send {
    move |current| {
        let document = guard::living(current, time)?;
        let (plan, effect) = decide(Now { document, time, store: &*store })?;
        guard::check_size(&plan, document, store.names(), most)?;
        *came_to.lock() = Some(effect);
        Ok(guard::over_expired(plan.decision(store.names()), current, document))
    }
}

fn verdicts(places: Vec<Place>, outcomes: Vec<Outcome>) -> Vec<Verdict> {
    let mut outcomes = outcomes.into_iter();
    let verdict = |place| match place {
        Place::Bad(name, error) => Verdict::Failed(name, error),
        Place::Proposed(id, came_to) => match (outcomes.next(), came_to.lock().take()) {
            (Some(Outcome::Refused(refusal)), _) => Verdict::Failed(id, Box::new(FaceError::of_refusal(refusal))),
            (Some(Outcome::NotTried) | None, _) => {
                Verdict::Failed(id, Box::new(FaceError::Bug("the store gave no verdict on an item")))
            }
            (Some(_), Some(Effect::Partly(undone))) => Verdict::Failed(id, Box::new(left_undone(&undone))),
            (Some(_), Some(Effect::Created)) => Verdict::Created(id),
            (Some(_), _) => Verdict::Changed(id),
        },
    };
    places.into_iter().map(verdict).collect()
}

/// The verdict on an entity of which some attributes were left as they were.
fn left_undone(result: &UpdateResult) -> FaceError {
    let names: Vec<&str> = result.not_updated.iter().map(|not| not.attribute.as_str()).collect();
    let names = names.join(", ");
    FaceError::Refused {
        kind: ErrorKind::AlreadyExists,
        detail: Text::both(
            format!(
                "{} attributes were appended; left as they were, because they exist and noOverwrite was asked for: {names}",
                result.updated.len()
            ),
            format!("{}個の属性を追加しました。noOverwriteのため変更しなかった属性: {names}", result.updated.len()),
        ),
    }
}

/// One member of the array `errors` (ETSI GS CIM 009 §5.2.17).
pub(super) fn error_entry(name: &Name, problem: &Json<'_>) -> Box<[u8]> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"entityId\":");
    machi_types::json::write_string(name, &mut out);
    out.extend_from_slice(b",\"error\":");
    problem.write(&mut out);
    out.push(b'}');
    out.into_boxed_slice()
}

impl Place {
    fn into_name(self) -> Name {
        match self {
            Self::Bad(name, _) | Self::Proposed(name, _) => name,
        }
    }
}
