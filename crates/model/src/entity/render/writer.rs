//! The punctuation of JSON objects and arrays.

use machi_types::{Timestamp, json};

use crate::entity::datetime::write_datetime;
use crate::entity::terms::Terms;

/// An object being written.
#[derive(Debug)]
pub(super) struct Object {
    is_empty: bool,
}

impl Object {
    pub(super) fn open(out: &mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { is_empty: true }
    }

    /// Begins a member whose name needs no escapes.
    pub(super) fn key(&mut self, name: &str, out: &mut Vec<u8>) {
        self.separate(out);
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    }

    /// Begins a member named by an expanded name.
    pub(super) fn name(&mut self, iri: &str, terms: &dyn Terms, out: &mut Vec<u8>) {
        self.separate(out);
        terms.write_name(iri, out);
        out.push(b':');
    }

    #[expect(clippy::unused_self, reason = "what is closed is not written to any more")]
    pub(super) fn close(self, out: &mut Vec<u8>) {
        out.push(b'}');
    }

    fn separate(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.is_empty, false) {
            out.push(b',');
        }
    }

    /// A member with a time, where there is one.
    pub(super) fn time(&mut self, name: &str, time: Option<Timestamp>, out: &mut Vec<u8>) {
        if let Some(time) = time {
            self.key(name, out);
            put_time(time, out);
        }
    }

    /// A member with a text.
    pub(super) fn text(&mut self, name: &str, text: &str, out: &mut Vec<u8>) {
        self.key(name, out);
        json::write_string(text, out);
    }
}

/// Appends an array, each item by `put`.
pub(super) fn put_array<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut put: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(item, out);
    }
    out.push(b']');
}

/// Appends one item as it is, several or none as an array.
pub(super) fn put_one_or_more<T>(
    items: impl ExactSizeIterator<Item = T>,
    out: &mut Vec<u8>,
    mut put: impl FnMut(T, &mut Vec<u8>),
) {
    if items.len() == 1 {
        items.for_each(|item| put(item, out));
    } else {
        put_array(items, out, put);
    }
}

pub(super) fn put_time(time: Timestamp, out: &mut Vec<u8>) {
    out.push(b'"');
    write_datetime(time, out);
    out.push(b'"');
}
