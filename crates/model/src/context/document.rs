//! Documents that hold a `@context` under a URL, and where resolution looks for those that are loaded.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use machi_types::json::{self, DEFAULT_DEPTH};
use machi_types::{Json, Name};

use super::error::{ContextError, Fault, Place};

/// A loaded document: the `@context` that it holds, and the URL that its relative URLs are relative to.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    url: Name,
    context: Json<'static>,
}

/// Looks up what has been loaded already. Nothing behind this loads anything.
pub trait Documents {
    /// The document of this URL, where it is loaded.
    fn document(&self, url: &str) -> Option<Arc<Document>>;
}

impl Document {
    /// Reads the text that came from a URL: an object whose member `@context` is the context.
    ///
    /// `url` is where the text was found in the end, after redirections.
    pub fn parse(url: &str, text: &[u8]) -> Result<Self, ContextError> {
        let place = Place::at(Name::from(url));
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let parsed = json::parse(text, DEFAULT_DEPTH);
        let value = parsed.map_err(|error| place.refuse(Fault::NotJson(error)))?;
        let Json::Object(members) = value else {
            return Err(place.refuse(Fault::NoContextMember));
        };
        let context = members.into_iter().find(|(name, _)| name == "@context");
        let (_, context) = context.ok_or_else(|| place.refuse(Fault::NoContextMember))?;
        Ok(Self::new(url, context.into_owned()))
    }

    /// The document of this URL that holds this context.
    pub fn new(url: &str, context: Json<'static>) -> Self {
        Self { url: Name::from(url), context }
    }

    /// The URL that relative URLs in the context are relative to.
    pub fn url(&self) -> &Name {
        &self.url
    }

    /// The value of the member `@context`.
    pub fn context(&self) -> &Json<'static> {
        &self.context
    }
}

impl<S: BuildHasher> Documents for HashMap<Name, Arc<Document>, S> {
    fn document(&self, url: &str) -> Option<Arc<Document>> {
        self.get(url).cloned()
    }
}

/// No document is loaded.
impl Documents for () {
    fn document(&self, _url: &str) -> Option<Arc<Document>> {
        None
    }
}
