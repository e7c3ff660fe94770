//! Retrieve the Temporal Evolution of an Entity (ETSI GS CIM 009 §5.7.3).

use machi_archive::WantedEvolutions;
use machi_face::{Criteria, FaceError};
use machi_http::Text;
use machi_types::{Caller, ErrorKind, Name};

use super::answer::Told;
use super::judge::{Judge, Selected};
use super::show;
use crate::History;
use crate::blocking;
use crate::domain::question::Question;
use crate::error::failed;

impl History {
    /// One evolution. It is not found where nothing is left of it by what `is_conditioned` tells to be asked.
    pub(crate) async fn retrieve_evolution(
        &self,
        caller: &Caller,
        id: &Name,
        question: Question,
        is_conditioned: bool,
    ) -> Result<Told, FaceError> {
        let past = self.past(caller.tenant()).await?;
        let (id, most) = (id.clone(), self.face.config.limits.instances);
        blocking(move || {
            let ids = [id];
            let mut evolutions = past.evolutions(&WantedEvolutions::Of(&ids)).map_err(failed)?;
            let [id] = ids;
            if evolutions.is_empty() {
                return Err(not_there(&id));
            }
            if is_conditioned {
                Judge::new(&*past, &Criteria::default(), &question).keep_present(&mut evolutions)?;
            }
            let rows: Vec<Selected> =
                evolutions.into_iter().map(|evolution| Selected { evolution, scopes: None }).collect();
            let told = show(&*past, &question, &rows, most)?;
            if told.evolutions == 0 { Err(nothing_left(&id)) } else { Ok(told) }
        })
        .await?
    }
}

fn not_there(id: &Name) -> FaceError {
    refused(
        format!("there is no history of an entity {id}; it may be older than what is kept"),
        format!("エンティティ{id}の履歴はありません。保存期間より前のものである可能性があります"),
    )
}

fn nothing_left(id: &Name) -> FaceError {
    refused(
        format!("nothing in the history of entity {id} is what is asked for: no attribute, dataset or time fits"),
        format!("エンティティ{id}の履歴に、指定された属性・データセット・期間に該当するものはありません"),
    )
}

fn refused(en: String, ja: String) -> FaceError {
    FaceError::Refused { kind: ErrorKind::ResourceNotFound, detail: Text::both(en, ja) }
}
