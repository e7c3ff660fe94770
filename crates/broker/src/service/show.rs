//! From documents to the body of an answer: what was written for an earlier reader is used again.

use std::sync::Arc;

use machi_store::Document;

use super::select::Sight;
use crate::domain::reading::Reading;
use crate::domain::rendered::{Look, Rendered};
use crate::domain::representation::{Body, Representation};
use crate::{Broker, BrokerError};

/// How long an entity is expected to be in an answer.
const EXPECTED_BYTES: usize = 768;

impl Broker {
    /// The living entities among the documents, with what they link to.
    pub(crate) async fn show_all(
        &self,
        sight: &Sight,
        documents: Vec<Arc<Document>>,
        representation: &Representation,
    ) -> Result<Body, BrokerError> {
        if let Some(look) = representation.look() {
            return self.show_whole(sight, documents, representation, look);
        }
        let rows = self.readings(sight, documents)?;
        let graph = self.linked_entities(sight, &rows, representation).await?;
        Ok(representation.write_all(&rows, graph.as_ref())?)
    }

    /// The living entities among the documents, each as a whole and alone.
    fn show_whole(
        &self,
        sight: &Sight,
        documents: Vec<Arc<Document>>,
        representation: &Representation,
        look: Look,
    ) -> Result<Body, BrokerError> {
        let context = representation.context_text();
        let mut bytes = Vec::with_capacity(EXPECTED_BYTES * documents.len() + 2);
        for document in documents {
            let start = bytes.len();
            bytes.push(if start == 0 { b'[' } else { b',' });
            if let Some(kept) = Rendered::of(&document, &representation.context, look) {
                bytes.extend_from_slice(&kept);
                continue;
            }
            let Some(reading) = Reading::of(document, self.store.names(), sight.now)? else {
                bytes.truncate(start);
                continue;
            };
            representation.write_alone(&reading, context.as_deref(), &mut bytes)?;
            let written = bytes.get(start + 1..).unwrap_or_default();
            self.shelf.keep(&reading, &representation.context, look, written)?;
        }
        if bytes.is_empty() {
            bytes.push(b'[');
        }
        bytes.push(b']');
        Ok(Body { bytes: bytes.into(), is_amended: false })
    }

    /// The living entities among the documents, ready to be written.
    pub(super) fn readings(
        &self,
        sight: &Sight,
        documents: impl IntoIterator<Item = Arc<Document>>,
    ) -> Result<Vec<Reading>, BrokerError> {
        let mut readings = Vec::new();
        for document in documents {
            readings.extend(Reading::of(document, self.store.names(), sight.now)?);
        }
        Ok(readings)
    }
}
