//! Linked entity retrieval (ETSI GS CIM 009 §4.5.23): one read of the store for each level of links.

use machi_face::FaceError;
use machi_store::StoreError;
use machi_types::Text;

use super::select::Sight;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::graph::{Graph, Join};
use crate::domain::reading::Reading;
use crate::domain::representation::Representation;

impl Broker {
    /// The entities that the rows link to, as deep as the representation shows them; none where it shows none.
    pub(crate) async fn linked_entities(
        &self,
        sight: &Sight,
        rows: &[Reading],
        representation: &Representation,
    ) -> Result<Option<Graph>, FaceError> {
        if representation.join == Join::None {
            return Ok(None);
        }
        let mut graph = Graph::new(rows, &representation.contained_by);
        let most = self.face.config.limits.query_documents;
        let mut read = 0;
        for _ in 0..representation.join_level {
            let wanted = graph.wanted(representation);
            read += wanted.len() as u64;
            if read > most {
                let reason = Text::both(
                    format!("more than {most} linked entities would have to be read"),
                    format!("読み取る関連エンティティが{most}件を超えています"),
                );
                return Err(StoreError::TooComplex(reason).into());
            }
            let found = sight.view.documents(&sight.tenant, ENTITIES, &wanted).await?;
            graph.give(self.readings(sight, found.into_iter().flatten())?);
            if graph.is_done() {
                break;
            }
        }
        Ok(Some(graph))
    }
}
