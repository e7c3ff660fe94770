//! From documents to the body of an answer: what was written for an earlier reader is used again.

use std::sync::Arc;

use machi_face::FaceError;
use machi_store::{Document, Seen};
use machi_types::Name;

use super::select::Sight;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::reading::Reading;
use crate::domain::rendered::{Look, Rendered};
use crate::domain::representation::{Body, Representation};

/// How long an entity is expected to be in an answer.
const EXPECTED_BYTES: usize = 768;

impl Broker {
    /// The living entities among the documents, with what they link to.
    pub(crate) async fn show_all(
        &self,
        sight: &Sight,
        found: Vec<Seen>,
        representation: &Representation,
    ) -> Result<Body, FaceError> {
        if let Some(look) = representation.look() {
            return self.show_whole(sight, found, representation, look).await;
        }
        let mut documents = Vec::with_capacity(found.len());
        for seen in found {
            documents.extend(self.whole(sight, seen).await?);
        }
        let rows = self.readings(sight, documents)?;
        let graph = self.linked_entities(sight, &rows, representation).await?;
        Ok(representation.write_all(&rows, graph.as_ref())?)
    }

    /// The living entities among the documents, each as a whole and alone.
    async fn show_whole(
        &self,
        sight: &Sight,
        found: Vec<Seen>,
        representation: &Representation,
        look: Look,
    ) -> Result<Body, FaceError> {
        let context = representation.context_text();
        let mut bytes = Vec::with_capacity(EXPECTED_BYTES * found.len() + 2);
        for seen in found {
            let start = bytes.len();
            bytes.push(if start == 0 { b'[' } else { b',' });
            if let Seen::Noted(note) = &seen
                && let Some(kept) = Rendered::of(&**note, &representation.context, look)
            {
                bytes.extend_from_slice(kept.text());
                continue;
            }
            let document = self.whole(sight, seen).await?;
            let reading = document.map(|document| Reading::of(document, self.store.names(), sight.now));
            let Some(reading) = reading.transpose()?.flatten() else {
                bytes.truncate(start);
                continue;
            };
            representation.write_alone(&reading, context.as_deref(), &mut bytes)?;
            let written = bytes.get(start + 1..).unwrap_or_default();
            Rendered::leave(&*self.store, &sight.tenant, &reading, (&representation.context, look), written)?;
        }
        if bytes.is_empty() {
            bytes.push(b'[');
        }
        bytes.push(b']');
        Ok(Body { bytes: bytes.into(), is_amended: false })
    }

    /// The document behind what was found, which a note does not say enough about for this reader.
    async fn whole(&self, sight: &Sight, seen: Seen) -> Result<Option<Arc<Document>>, FaceError> {
        match seen {
            Seen::Whole(document) => Ok(Some(document)),
            Seen::Noted(note) => {
                let id = Name::from(note.id());
                Ok(sight.view.document(&sight.tenant, ENTITIES, &id).await?)
            }
        }
    }

    /// The living entities among the documents, ready to be written.
    pub(super) fn readings(
        &self,
        sight: &Sight,
        documents: impl IntoIterator<Item = Arc<Document>>,
    ) -> Result<Vec<Reading>, FaceError> {
        let mut readings = Vec::new();
        for document in documents {
            readings.extend(Reading::of(document, self.store.names(), sight.now)?);
        }
        Ok(readings)
    }
}
