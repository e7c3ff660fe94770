//! From the value of a `@context` to terms in force, step by step as documents become available.

use std::collections::HashSet;
use std::sync::Arc;

use machi_types::json::{self, DEFAULT_DEPTH};
use machi_types::{Json, Name};

use super::core::{self, Edition};
use super::document::Documents;
use super::error::{ContextError, Fault, Place};
use super::layer::{Layer, Loaded, Origin};
use super::limits::{Budget, Limits};
use super::process::{Processor, Role};
use super::survey::{Survey, survey};
use super::weight::{Names, Room};
use super::{Context, scope::Previous};

/// How far the resolution of a context has come.
#[derive(Debug)]
pub enum Resolution {
    /// All is there.
    Ready(Arc<Context>),
    /// These documents are to be loaded before the next try. They may need more documents in their turn.
    Needs(Vec<Name>),
}

/// Resolves the value of a `@context`: a URL, an object, null, or an array of these.
///
/// Nothing is loaded. A caller that may load asks again after each round, which ends within
/// [`Limits::depth`] rounds; a document that cannot be loaded is the caller's to report, as
/// [`ContextError::Unavailable`].
pub fn resolve(context: &Json<'_>, documents: &dyn Documents, limits: &Limits) -> Result<Resolution, ContextError> {
    if is_core_alone(context) {
        return Ok(Resolution::Ready(Arc::clone(Context::core())));
    }
    let Survey { loaded, missing } = survey(context, documents, limits)?;
    if !missing.is_empty() {
        return Ok(Resolution::Needs(missing));
    }
    apply(context, loaded, *limits).map(Resolution::Ready)
}

/// Resolves the context of a JSON text: the member `@context` of its object, or none of it.
pub fn resolve_text(text: &[u8], documents: &dyn Documents, limits: &Limits) -> Result<Resolution, ContextError> {
    let not_json = |error: json::JsonError| Place::default().refuse(Fault::NotJson(error));
    let value = json::parse(text, DEFAULT_DEPTH).map_err(not_json)?;
    let Json::Object(_) = &value else {
        return Err(Place::default().refuse(Fault::NoContextMember));
    };
    resolve(value.get("@context").unwrap_or(&Json::Null), documents, limits)
}

/// Whether the context adds nothing to the core, so that the one that is always there will do.
fn is_core_alone(context: &Json<'_>) -> bool {
    match context {
        Json::Null => true,
        Json::String(url) => core::edition(url) == Some(Edition::Latest),
        Json::Array(items) => items.iter().all(|item| !matches!(item, Json::Array(_)) && is_core_alone(item)),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn apply(context: &Json<'_>, loaded: Loaded, limits: Limits) -> Result<Arc<Context>, ContextError> {
    let source = context.clone().into_owned();
    let origin = Arc::new(Origin { source, documents: loaded, limits, room: Room::default() });
    let mut layer = Layer::core_alone(Arc::clone(&origin));
    let mut processor = Processor::new(&origin.documents, Budget::new(limits), Role::User);
    processor.apply(&mut layer, context, &Place::default())?;
    layer.end_with_core();
    let layer = layer.finish();
    // The context of a type is checked as strictly as that of a property is when it opens: by what it defines.
    processor.role = Role::OfProperty;
    processor.check_scopes(&layer, &mut HashSet::new())?;
    let previous = layer.ends_with_node.then(Previous::core);
    Ok(Arc::new(Context::new(layer, previous, Names::Given)))
}
