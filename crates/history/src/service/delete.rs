//! Delete an evolution, an attribute of it, or one instance, for good (ETSI GS CIM 009 §5.6.13, §5.6.15, §5.6.16).

use machi_archive::{Collected, InstanceKey, Part, WantedInstances};
use machi_face::once::Effect;
use machi_face::{ENTITIES, FaceError, RequestKey};
use machi_http::Text;
use machi_model::entity::{HeadRef, NameRef};
use machi_types::{Caller, Name};

use crate::amendment::{Amendment, ToldHead};
use crate::error::HistoryError;
use crate::history::History;
use crate::service::tell::{evolution, no_evolution, not_found};

/// Which instances of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datasets {
    /// Those of all datasets.
    All,
    /// Those of one; none is the default one.
    One(Option<Name>),
}

impl History {
    /// Deletes all that is known of the past of an entity. The entity itself stays as it is.
    pub async fn delete_evolution(&self, caller: &Caller, id: &Name, key: Option<RequestKey>) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        self.erase(caller, id, Part::All, key).await
    }

    /// Deletes the past of an attribute.
    pub async fn delete_attribute(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: Name,
        datasets: Datasets,
        key: Option<RequestKey>,
    ) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        let part = match datasets {
            Datasets::All => Part::Attribute(attribute),
            Datasets::One(dataset) => Part::Series { attribute, dataset },
        };
        self.erase(caller, id, part, key).await
    }

    /// Deletes one instance of an attribute.
    pub async fn delete_instance(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: Name,
        instance: InstanceKey,
        key: Option<RequestKey>,
    ) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        let _turn = self.turn(caller.tenant(), id).await;
        if self.earlier(caller, key.as_ref()).await?.is_some() {
            return Ok(());
        }
        self.check_free(caller, id).await?;
        let (dataset, _) = self.find_instance(caller, id, &attribute, instance).await?;
        self.commit_removal(caller, id, Part::Instance { attribute, dataset, key: instance }, key).await
    }

    async fn erase(&self, caller: &Caller, id: &Name, part: Part, key: Option<RequestKey>) -> Result<(), FaceError> {
        let _turn = self.turn(caller.tenant(), id).await;
        if self.earlier(caller, key.as_ref()).await?.is_some() {
            return Ok(());
        }
        self.check_free(caller, id).await?;
        let past = self.past(caller.tenant()).await?;
        let (of, wanted) = (id.clone(), part.clone());
        let missing = crate::blocking(move || -> Result<Option<FaceError>, HistoryError> {
            if evolution(&*past, &of)?.is_none() {
                return Ok(Some(no_evolution(&of)));
            }
            let (Part::Attribute(attribute) | Part::Series { attribute, .. }) = &wanted else { return Ok(None) };
            let attributes = Some(std::slice::from_ref(attribute));
            let all = WantedInstances { attributes, ..WantedInstances::all_of(std::slice::from_ref(&of)) };
            let all = Collected::of(&*past, &all)?.instances;
            let has_any = all.iter().any(|(series, one)| wanted.holds(series, one.key));
            Ok((!has_any).then(|| no_series(&of, &wanted)))
        });
        if let Some(missing) = missing.await?? {
            return Err(missing);
        }
        self.commit_removal(caller, id, part, key).await
    }

    async fn commit_removal(
        &self,
        caller: &Caller,
        id: &Name,
        part: Part,
        key: Option<RequestKey>,
    ) -> Result<(), FaceError> {
        let head = if part == Part::All { self.left_without(caller, id).await? } else { None };
        let amendment = Amendment { entity: id.clone(), head, removals: vec![(part, false)], instances: Vec::new() };
        self.commit(caller, &[amendment], Effect::Deleted, key).await.map(|_| ())
    }
}

impl History {
    /// What goes on without an evolution: the entity as it is, where there is one.
    async fn left_without(&self, caller: &Caller, id: &Name) -> Result<Option<ToldHead>, FaceError> {
        let document = self.store().view().document(caller.tenant(), ENTITIES, id).await?;
        let Some(document) = document else { return Ok(None) };
        let head = HeadRef::read(&document.head)?;
        let types = head.types().map(NameRef::to_name).collect();
        Ok(Some(ToldHead { types, expires_at: head.expires_at(), forgotten: Some(document.created) }))
    }
}

fn no_series(id: &Name, part: &Part) -> FaceError {
    let (attribute, dataset) = match part {
        Part::Series { attribute, dataset } => (attribute, dataset.as_ref()),
        Part::Attribute(attribute) | Part::Instance { attribute, .. } => (attribute, None),
        Part::All => return no_evolution(id),
    };
    let (en, ja) = match dataset {
        Some(dataset) => (format!(" with the datasetId {dataset}"), format!("(datasetId {dataset})")),
        None => Default::default(),
    };
    not_found(Text::both(
        format!("the past of entity {id} has no attribute {attribute}{en}"),
        format!("エンティティ{id}の履歴に属性{attribute}{ja}はありません"),
    ))
}
