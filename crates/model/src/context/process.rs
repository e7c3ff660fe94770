//! Context processing: a `@context` laid over the terms in force (JSON-LD 1.1 API §4.1).

use std::collections::HashSet;
use std::sync::Arc;

use machi_types::json::Members;
use machi_types::{Json, Name, Text};

use super::core::{self, Edition};
use super::document::Document;
use super::entries::apply_entries;
use super::error::{ContextError, Fault, Place, short};
use super::layer::{Layer, Loaded};
use super::limits::{Budget, SCOPES};
use super::local::Local;
use super::survey::absolute;
use super::term::Scope;

/// Lays contexts over layers.
#[derive(Debug)]
pub(super) struct Processor<'d> {
    loaded: &'d Loaded,
    pub(super) budget: Budget,
    /// The documents that are being included, the outermost first.
    including: Vec<Name>,
    pub(super) role: Role,
}

/// Where the context that is processed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// At the top of what a user gives.
    User,
    /// As the context of a type.
    OfType,
    /// As the context of a property, which may redefine what is protected.
    OfProperty,
}

/// A document whose terms come beneath those of the object that imports it.
struct Imported {
    document: Arc<Document>,
    place: Place,
}

impl<'d> Processor<'d> {
    pub(super) fn new(loaded: &'d Loaded, budget: Budget, role: Role) -> Self {
        Self { loaded, budget, including: Vec::new(), role }
    }

    /// Lays a context over the terms of a layer.
    pub(super) fn apply(&mut self, layer: &mut Layer, context: &Json<'_>, place: &Place) -> Result<(), ContextError> {
        layer.ends_with_node |= !propagates(context, true);
        match context {
            Json::Array(items) => items.iter().try_for_each(|item| self.apply_one(layer, item, place)),
            one => self.apply_one(layer, one, place),
        }
    }

    fn apply_one(&mut self, layer: &mut Layer, context: &Json<'_>, place: &Place) -> Result<(), ContextError> {
        match context {
            Json::Null if layer.is_protected && self.role != Role::OfProperty => {
                Err(place.refuse(Fault::Nullification))
            }
            Json::Null => {
                layer.reset();
                Ok(())
            }
            Json::String(url) => self.include(layer, url, place),
            Json::Object(members) => self.apply_object(layer, members, place),
            other => Err(place.refuse(Fault::NotAContext(other.kind()))),
        }
    }

    fn include(&mut self, layer: &mut Layer, reference: &str, place: &Place) -> Result<(), ContextError> {
        let url = absolute(reference, place)?;
        if let Some(edition) = core::edition(&url) {
            include_core(layer, edition);
            return Ok(());
        }
        if self.including.contains(&url) {
            return Err(place.refuse(Fault::Recursion(url)));
        }
        let document = self.document(&url, place)?;
        self.including.push(url);
        let applied = self.apply(layer, document.context(), &Place::at(document.url().clone()));
        self.including.pop();
        applied
    }

    fn document(&mut self, url: &Name, place: &Place) -> Result<Arc<Document>, ContextError> {
        self.budget.spend_document().map_err(|fault| place.refuse(fault))?;
        // The survey has found every document, so a missing one can only be a bug of whoever keeps them.
        let reason = || Text::both("it is not loaded", "読み込まれていません");
        let missing = || ContextError::Unavailable { url: url.clone(), reason: reason() };
        self.loaded.get(url).cloned().ok_or_else(missing)
    }

    fn apply_object(&mut self, layer: &mut Layer, members: &Members<'_>, place: &Place) -> Result<(), ContextError> {
        let imported = self.import(members, place)?;
        let mut local = Local::new(members.len());
        if let Some(Imported { document, place }) = &imported {
            document.context().as_object().into_iter().for_each(|members| local.add(members, place));
        }
        local.add(members, place);
        let is_remote = !self.including.is_empty();
        let applied = apply_entries(layer, &mut local, is_remote).and_then(|()| {
            let terms = local.terms();
            terms.iter().try_for_each(|term| self.define(layer, &mut local, term))
        });
        applied.map_err(|fault| place.refuse(fault))
    }

    /// JSON-LD 1.1 API §4.1.2 step 5.6: the document whose terms come beneath those that are written here.
    fn import(&mut self, members: &Members<'_>, place: &Place) -> Result<Option<Imported>, ContextError> {
        let Some((_, value)) = members.iter().find(|(name, _)| name == "@import") else {
            return Ok(None);
        };
        let Json::String(reference) = value else {
            return Err(place.refuse(Fault::entry(
                "@import",
                ("the URL of a document", "文書のURL"),
                "invalid @import value",
            )));
        };
        let url = absolute(reference, place)?;
        if core::edition(&url).is_some() {
            return Ok(None);
        }
        let document = self.document(&url, place)?;
        match document.context() {
            Json::Object(imported) if imported.iter().all(|(name, _)| name != "@import") => {
                let place = Place::at(document.url().clone());
                Ok(Some(Imported { document, place }))
            }
            Json::Object(_) => Err(place.refuse(Fault::Import("invalid context entry"))),
            _ => Err(place.refuse(Fault::Import("invalid remote context"))),
        }
    }

    /// Checks the contexts of terms by laying each over the finished layer, and those within them likewise.
    pub(super) fn check_scopes(&mut self, layer: &Arc<Layer>, checked: &mut HashSet<Name>) -> Result<(), ContextError> {
        for name in &layer.scoped {
            let Some(scope) = layer.own.get(name).and_then(|term| term.scope.as_ref()) else {
                continue;
            };
            if document_of(scope).is_some_and(|url| !checked.insert(url)) {
                continue;
            }
            let wrong = |cause| scope.place.refuse(Fault::Scope { term: short(name), cause: Box::new(cause) });
            let scoped = self.apply_scope(layer, scope).map_err(wrong)?;
            self.check_scopes(&scoped, checked)?;
        }
        Ok(())
    }

    /// The layer that the context of a term makes of the one beneath it.
    pub(super) fn apply_scope(&mut self, under: &Arc<Layer>, scope: &Scope) -> Result<Arc<Layer>, ContextError> {
        let mut layer = Layer::over(under);
        if layer.depth > SCOPES {
            let what =
                ("contexts of terms lie within one another too deeply", "用語ごとの@contextの入れ子が深すぎます");
            return Err(scope.place.refuse(Fault::overflow(what, SCOPES)));
        }
        self.apply(&mut layer, &scope.context, &scope.place)?;
        Ok(layer.finish())
    }
}

/// ETSI GS CIM 009 §5.5.7: the core context has precedence wherever it stands, so it adds nothing where it is named
/// but its vocabulary, for what is defined behind it, and what later editions have dropped.
fn include_core(layer: &mut Layer, edition: Edition) {
    layer.vocab = Name::from(core::DEFAULT_VOCAB);
    if let Edition::Earlier(minor) = edition {
        core::dropped_since(minor).for_each(|(name, term)| layer.define(name, term));
    }
}

/// Whether a context says that it ends with the node that it stands at; `otherwise` where it says nothing.
pub(super) fn propagates(context: &Json<'_>, otherwise: bool) -> bool {
    context.get("@propagate").and_then(Json::as_bool).unwrap_or(otherwise)
}

/// The one document that a scoped context consists of: such a one may open itself again further in.
fn document_of(scope: &Scope) -> Option<Name> {
    let reference = match &scope.context {
        Json::Array(items) if items.len() == 1 => items.first()?.as_str()?,
        other => other.as_str()?,
    };
    absolute(reference, &scope.place).ok()
}
