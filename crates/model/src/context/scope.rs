//! The contexts that types and properties open (JSON-LD 1.1 §4.1.8 and API §5.1).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::error::ContextError;
use super::layer::Layer;
use super::limits::Budget;
use super::process::{Processor, Role, propagates};
use super::term::Scope;
use super::weight::Names;
use super::{Context, core};

/// The scoped contexts that were made of one context. It is emptied when it is full.
#[derive(Debug, Default)]
pub(super) struct Scoped(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept(HashMap<Box<str>, Place>);

/// A context that is kept, in the room that all such of one origin share.
#[derive(Debug)]
struct Place {
    context: Arc<Context>,
    bytes: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.context.layer.origin.room.give_back(self.bytes);
    }
}

/// What held before a context that ends with its node, and holds again in the nodes within.
#[derive(Debug)]
pub(super) struct Previous {
    layer: Arc<Layer>,
    /// Weak, because the context before keeps those that were made of it.
    context: Weak<Context>,
}

impl Context {
    /// The context for the members of a node of these types, given as they are written.
    ///
    /// It is this context, unless one of the types opens a context of its own.
    pub fn for_type<'a>(self: &'a Arc<Self>, types: &[&str]) -> Result<Cow<'a, Arc<Self>>, ContextError> {
        if !self.layer.has_scopes {
            return Ok(Cow::Borrowed(self));
        }
        let mut scoped: Vec<&str> = types.iter().copied().filter(|name| self.scope_of(name).is_some()).collect();
        if scoped.is_empty() {
            return Ok(Cow::Borrowed(self));
        }
        scoped.sort_unstable();
        scoped.dedup();
        let key = ["type\0", &scoped.join("\0")].concat();
        self.scoped.find_or_make(key, || self.open_types(&scoped)).map(Cow::Owned)
    }

    /// The context for a node that is a value of this term, given as it is written.
    ///
    /// It is this context, unless the term opens a context of its own, or this context ends with its node.
    pub fn for_property<'a>(self: &'a Arc<Self>, term: &str) -> Result<Cow<'a, Arc<Self>>, ContextError> {
        let scope = self.scope_of(term);
        if scope.is_none() && self.previous.is_none() {
            return Ok(Cow::Borrowed(self));
        }
        let Some(scope) = scope else {
            return Ok(Cow::Owned(self.before()));
        };
        let key = ["property\0", term].concat();
        self.scoped.find_or_make(key, || self.open(&self.before(), &[scope], Role::OfProperty)).map(Cow::Owned)
    }

    fn scope_of(&self, name: &str) -> Option<&Scope> {
        let term = if self.layer.has_scopes { self.layer.find(name) } else { core::scoped_term(name) };
        term?.scope.as_deref()
    }

    /// This context, or what held before it where it ends with its node.
    fn before(self: &Arc<Self>) -> Arc<Self> {
        match &self.previous {
            None => Arc::clone(self),
            Some(previous) => {
                let remake = || Arc::new(Self::new(Arc::clone(&previous.layer), None, Names::Scoped));
                previous.context.upgrade().unwrap_or_else(remake)
            }
        }
    }

    fn open_types(self: &Arc<Self>, types: &[&str]) -> Result<Arc<Self>, ContextError> {
        // JSON-LD 1.1 API §5.1.2 step 11: the types open their contexts in the order of their names, and each is
        // looked up in the context before all of them.
        let scopes: Vec<&Scope> = types.iter().filter_map(|name| self.scope_of(name)).collect();
        self.open(self, &scopes, Role::OfType)
    }

    fn open(self: &Arc<Self>, under: &Arc<Self>, scopes: &[&Scope], role: Role) -> Result<Arc<Self>, ContextError> {
        let origin = &self.layer.origin;
        let mut processor = Processor::new(&origin.documents, Budget::new(origin.limits), role);
        let mut layer = Arc::clone(&under.layer);
        let mut ends_with_node = under.previous.is_some();
        for scope in scopes {
            layer = processor.apply_scope(&layer, scope)?;
            ends_with_node |= layer.ends_with_node || !propagates(&scope.context, role == Role::OfProperty);
        }
        let previous = ends_with_node.then(|| under.as_previous());
        Ok(Arc::new(Self::new(layer, previous, Names::Scoped)))
    }

    /// What is to be gone back to from a context that is opened here and ends with its node.
    fn as_previous(self: &Arc<Self>) -> Previous {
        match &self.previous {
            Some(earlier) => Previous { layer: Arc::clone(&earlier.layer), context: Weak::clone(&earlier.context) },
            None => Previous { layer: Arc::clone(&self.layer), context: Arc::downgrade(self) },
        }
    }
}

impl Previous {
    /// Back to the core.
    pub(super) fn core() -> Self {
        Context::core().as_previous()
    }
}

impl Scoped {
    fn find_or_make(
        &self,
        key: String,
        make: impl FnOnce() -> Result<Arc<Context>, ContextError>,
    ) -> Result<Arc<Context>, ContextError> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.0.get(key.as_str()) {
            return Ok(Arc::clone(&place.context));
        }
        drop(kept);
        let context = make()?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).keep(key, &context);
        Ok(context)
    }
}

impl Kept {
    /// Keeps a context if there is room, made by letting go of the others where there is none.
    fn keep(&mut self, key: String, context: &Arc<Context>) {
        let (room, bytes) = (&context.layer.origin.room, key.len() + context.bytes_of_scope());
        if !room.take(bytes) {
            self.0.clear();
            if !room.take(bytes) {
                return;
            }
        }
        self.0.insert(key.into_boxed_str(), Place { context: Arc::clone(context), bytes });
    }
}
