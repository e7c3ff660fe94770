//! One item of a batch: from its text to a decision on its entity.

use std::sync::Arc;

use bytes::Bytes;
use machi_face::contexts::ContextRef;
use machi_face::{FaceError, context_ref, japanese};
use machi_http::Text;
use machi_model::context::Context;
use machi_model::entity::{Fragment, Input, parse_entity, parse_fragment};
use machi_model::laws::{self, Overwrite};
use machi_types::{ErrorKind, Iri, Json, Name, json};

use super::{BatchKind, Shared};
use crate::domain::change::Prepared;
use crate::service::create::creating;
use crate::service::delete::deleting;
use crate::service::merge::{MergeOptions, merging};
use crate::service::replace::upserting;
use crate::service::update::{Update, appending, creating_or_updating};
use crate::service::write::Decider;

/// An item, as far as it has come.
pub(super) enum Item {
    /// It can be decided.
    Ready {
        /// The entity.
        id: Name,
        /// What becomes of it.
        decide: Decider,
        /// How long its text was, or what the text came to, if that is more.
        size: usize,
    },
    /// It is wrong.
    Bad {
        /// Its place in the array, from 1.
        place: usize,
        /// The entity, or a name for the item where it tells none.
        name: Name,
        /// What kind of trouble it is for the batch.
        trouble: Trouble,
        /// What is wrong.
        error: FaceError,
    },
    /// Its context must be loaded first.
    NeedsContext {
        /// Its place in the array, from 1.
        place: usize,
        /// Its text.
        text: Bytes,
    },
}

/// What a wrong item means for the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The body is no JSON (ETSI GS CIM 009 §5.5.4).
    NotJson,
    /// It is null, which makes the whole batch bad data (§5.6.7.4).
    Null,
    /// It concerns this item alone.
    Own,
}

impl Item {
    /// How long the text was that it holds, or that it came from; what an @context has made much longer counts as that.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Ready { size, .. } => *size,
            Self::NeedsContext { text, .. } => text.len(),
            Self::Bad { .. } => 0,
        }
    }

    /// The entity, or a name for the item.
    pub(super) fn name(&self) -> Name {
        match self {
            Self::Ready { id, .. } => id.clone(),
            Self::Bad { name, .. } => name.clone(),
            Self::NeedsContext { text, .. } => name_of(text),
        }
    }
}

/// Reads an item, if its context is at hand.
pub(super) fn read(shared: &Shared, place: usize, text: Bytes) -> Item {
    let depth = shared.broker.face.config.limits.nesting;
    let at = (place, text.len());
    let parsed = match json::parse(&text, depth) {
        Ok(parsed) => parsed,
        Err(error) => return not_json(place, &error),
    };
    if parsed == Json::Null {
        return bad(place, item_name(place), Trouble::Null, null());
    }
    if shared.kind == BatchKind::Delete {
        return finished(at, &parsed, id_to_delete(&parsed).map(|id| (id.clone(), deleting(id), 0)));
    }
    if !matches!(parsed, Json::Object(_)) {
        return finished(at, &parsed, Err(no_object(&parsed)));
    }
    let context = match (context_ref(shared.form, None, &parsed), &shared.context) {
        (Err(error), _) => return finished(at, &parsed, Err(error)),
        (Ok(ContextRef::Inline(context)), _) => {
            shared.broker.face.contexts.held(shared.caller.tenant(), ContextRef::Inline(context))
        }
        (Ok(_), context) => context.clone(),
    };
    if let Some(context) = context {
        return finished(at, &parsed, decider(shared, &parsed, &context));
    }
    drop(parsed);
    Item::NeedsContext { place, text }
}

/// Reads an item under the context that was loaded for it.
pub(super) fn read_with(shared: &Shared, place: usize, text: &Bytes, context: &Arc<Context>) -> Item {
    let at = (place, text.len());
    match json::parse(text, shared.broker.face.config.limits.nesting) {
        Ok(parsed) => finished(at, &parsed, decider(shared, &parsed, context)),
        Err(error) => not_json(place, &error),
    }
}

/// The context that an item carries.
pub(super) fn context_of(shared: &Shared, text: &Bytes) -> Option<Json<'static>> {
    let parsed = json::parse(text, shared.broker.face.config.limits.nesting).ok()?;
    Some(parsed.get("@context")?.clone().into_owned())
}

/// An item whose context cannot be had.
pub(super) fn without_context(place: usize, text: &Bytes, shared: &Shared, error: FaceError) -> Item {
    let name = match json::parse(text, shared.broker.face.config.limits.nesting) {
        Ok(parsed) => told_id(&parsed).unwrap_or_else(|| item_name(place)),
        Err(_) => item_name(place),
    };
    bad(place, name, Trouble::Own, error)
}

/// What the text says its entity is, as far as it can be read.
pub(super) fn name_of(text: &Bytes) -> Name {
    let parsed = json::parse(text, json::DEFAULT_DEPTH).ok();
    parsed.as_ref().and_then(told_id).unwrap_or_else(|| item_name(0))
}

/// The entity, what becomes of it, and how many bytes that holds.
fn decider(shared: &Shared, parsed: &Json<'_>, context: &Arc<Context>) -> Result<(Name, Decider, usize), FaceError> {
    match shared.kind {
        BatchKind::Create => {
            let prepared = Prepared::new(&parse_entity(parsed, context, Input::WHOLE)?);
            let bytes = prepared.bytes();
            Ok((prepared.id.clone(), creating(prepared), bytes))
        }
        BatchKind::UpsertReplace => {
            let prepared = Prepared::new(&parse_entity(parsed, context, Input::WHOLE)?);
            let bytes = prepared.bytes();
            Ok((prepared.id.clone(), upserting(prepared), bytes))
        }
        BatchKind::UpsertUpdate => updating(parsed, context, laws::update),
        BatchKind::UpsertNewer => updating(parsed, context, laws::update_by_newer),
        BatchKind::Update { overwrite } => {
            let (id, fragment) = fragment(parsed, context, Input::WHOLE)?;
            let overwrite = if overwrite { Overwrite::Allowed } else { Overwrite::Forbidden };
            let bytes = fragment.name_bytes();
            Ok((id.clone(), appending(id, fragment, overwrite), bytes))
        }
        BatchKind::Merge => {
            let (id, fragment) = fragment(parsed, context, Input::MERGE)?;
            let bytes = fragment.name_bytes();
            Ok((id.clone(), merging(id, fragment, MergeOptions::default()), bytes))
        }
        BatchKind::Delete => Err(FaceError::Bug("an item to delete was read as an entity")),
    }
}

fn updating(parsed: &Json<'_>, context: &Arc<Context>, update: Update) -> Result<(Name, Decider, usize), FaceError> {
    let (id, fragment) = fragment(parsed, context, Input::UPDATE)?;
    let bytes = fragment.name_bytes();
    Ok((id.clone(), creating_or_updating(id, fragment, update), bytes))
}

fn fragment(parsed: &Json<'_>, context: &Arc<Context>, input: Input) -> Result<(Name, Fragment), FaceError> {
    let fragment = parse_fragment(parsed, context, input)?;
    match fragment.id.clone() {
        Some(id) => Ok((id, fragment)),
        None => Err(FaceError::bad_data(Text::both(
            "the member \"id\" is missing; it names the entity",
            "\"id\"がありません",
        ))),
    }
}

fn id_to_delete(parsed: &Json<'_>) -> Result<Name, FaceError> {
    let Some(text) = parsed.as_str() else {
        return Err(FaceError::bad_data(Text::both(
            format!("this is {}; a batch delete takes an array of entity ids", parsed.kind()),
            "エンティティIDの文字列の配列でなければなりません",
        )));
    };
    text.parse::<Iri>().map(Iri::into_name).map_err(|error| {
        FaceError::bad_data(Text::both(
            format!("the entity id is no IRI: {error}"),
            format!("エンティティIDがIRIではありません: {}", japanese::iri(&error)),
        ))
    })
}

/// Wraps up what reading came to.
fn finished((place, size): (usize, usize), parsed: &Json<'_>, read: Result<(Name, Decider, usize), FaceError>) -> Item {
    match read {
        Ok((id, decide, bytes)) => Item::Ready { id, decide, size: size.max(bytes) },
        Err(error) => bad(place, told_id(parsed).unwrap_or_else(|| item_name(place)), Trouble::Own, error),
    }
}

/// The id that an item tells, whatever else is wrong with it.
fn told_id(parsed: &Json<'_>) -> Option<Name> {
    let told = parsed.as_str().or_else(|| parsed.get("id").or_else(|| parsed.get("@id"))?.as_str())?;
    told.parse::<Iri>().ok().map(Iri::into_name)
}

/// ETSI GS CIM 009 §5.2.17 wants a URI for each error; an item that tells none gets one by its place.
fn item_name(place: usize) -> Name {
    Name::from(format!("urn:machi:batch:item:{place}"))
}

fn bad(place: usize, name: Name, trouble: Trouble, error: FaceError) -> Item {
    Item::Bad { place, name, trouble, error }
}

/// What is JSON but ambiguous or too deep is the trouble of this item alone.
fn not_json(place: usize, error: &json::JsonError) -> Item {
    let trouble = if error.is_syntax() { Trouble::NotJson } else { Trouble::Own };
    bad(place, item_name(place), trouble, FaceError::no_json("this item", "この項目", error))
}

fn null() -> FaceError {
    FaceError::Refused {
        kind: ErrorKind::BadRequestData,
        detail: Text::both("null is no entity", "nullはエンティティではありません"),
    }
}

fn no_object(parsed: &Json<'_>) -> FaceError {
    FaceError::bad_data(Text::both(
        format!("this is {}; an entity is an object", parsed.kind()),
        "エンティティはJSONオブジェクトでなければなりません",
    ))
}
