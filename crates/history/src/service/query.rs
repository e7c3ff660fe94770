//! Query the Temporal Evolution of Entities (ETSI GS CIM 009 §5.7.4).

use machi_face::{Criteria, FaceError, PageStart};
use machi_types::Caller;

use super::answer::Told;
use super::judge::Judge;
pub(crate) use super::page::Wanted;
use super::page::{self, Source};
use super::show;
use crate::History;
use crate::blocking;
use crate::domain::question::Question;
use crate::domain::select::{wanted_ids, wanted_types};

/// A page of evolutions as it is told.
#[derive(Debug)]
pub(crate) struct ToldPage {
    pub(crate) told: Told,
    pub(crate) next: Option<PageStart>,
    pub(crate) previous: Option<PageStart>,
    pub(crate) count: Option<u64>,
}

impl History {
    /// A page of the evolutions that are asked for.
    pub(crate) async fn query_evolutions(
        &self,
        caller: &Caller,
        criteria: Criteria,
        question: Question,
        wanted: Wanted,
    ) -> Result<ToldPage, FaceError> {
        let past = self.past(caller.tenant()).await?;
        let limits = self.face.config.limits.clone();
        blocking(move || {
            let judge = Judge::new(&*past, &criteria, &question);
            let source =
                Source { past: &*past, ids: wanted_ids(&criteria.selectors), types: wanted_types(&criteria.selectors) };
            let found = page::find(source, &judge, &wanted, &limits)?;
            let told = show(&*past, &question, &found.rows, limits.instances)?.into_list();
            Ok(ToldPage { told, next: found.next, previous: found.previous, count: found.count })
        })
        .await?
    }
}
