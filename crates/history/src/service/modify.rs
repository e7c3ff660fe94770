//! Modify an instance: replace what it holds, and perhaps when it was observed (ETSI GS CIM 009 §5.6.14).

use machi_archive::{Collected, Instance, InstanceKey, Part, Series, WantedInstances};
use machi_face::once::Effect;
use machi_face::{FaceError, RequestKey};
use machi_http::Text;
use machi_model::entity::TemporalInstance;
use machi_types::{Caller, Name};

use crate::amendment::Amendment;
use crate::error::HistoryError;
use crate::history::History;
use crate::service::tell::{evolution, instance, no_evolution, not_found};

impl History {
    /// Puts something else in the place of an instance, which keeps its key.
    pub async fn modify_instance(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: Name,
        of: InstanceKey,
        mut told: TemporalInstance,
        key: Option<RequestKey>,
    ) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        let _turn = self.turn(caller.tenant(), id).await;
        if self.earlier(caller, key.as_ref()).await?.is_some() {
            return Ok(());
        }
        let (dataset, series) = self.find_instance(caller, id, &attribute, of).await?;
        if let Some(other) = told.instance.dataset_id.as_ref().filter(|other| Some(*other) != dataset.as_ref()) {
            return Err(of_other_dataset(other, dataset.as_ref()));
        }
        told.instance.dataset_id.clone_from(&dataset);
        let (mut told, observed_at) = instance(&attribute, &told);
        let is_at = |one: &&Instance| {
            one.key != of && !one.is_summary() && one.observed_at.is_some() && one.observed_at == observed_at
        };
        if let Some(other) = series.iter().find(is_at) {
            return Err(observed_twice(other.key));
        }
        told.key = Some(of);
        let amendment = Amendment {
            entity: id.clone(),
            head: None,
            removals: vec![(Part::Instance { attribute, dataset, key: of }, true)],
            instances: vec![told],
        };
        self.commit(caller, &[amendment], Effect::Changed, key).await.map(|_| ())
    }

    /// The dataset of an instance, and all instances of its series.
    pub(crate) async fn find_instance(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: &Name,
        key: InstanceKey,
    ) -> Result<(Option<Name>, Vec<Instance>), FaceError> {
        let past = self.past(caller.tenant()).await?;
        let (of, name) = (id.clone(), attribute.clone());
        let found = crate::blocking(move || -> Result<_, HistoryError> {
            if evolution(&*past, &of)?.is_none() {
                return Ok(Err(no_evolution(&of)));
            }
            let attribute = Some(std::slice::from_ref(&name));
            let wanted =
                WantedInstances { attributes: attribute, ..WantedInstances::all_of(std::slice::from_ref(&of)) };
            let all = Collected::of(&*past, &wanted)?.instances;
            let found = all.iter().find(|(_, one)| one.key == key);
            Ok(found
                .map(|(series, _)| (series.dataset.clone(), of_series(&all, series)))
                .ok_or_else(|| no_instance(&of, &name, key)))
        });
        found.await??
    }
}

/// The instances of a series, in the order in which they were written.
fn of_series(all: &[(Series, Instance)], series: &Series) -> Vec<Instance> {
    all.iter().filter(|(of, _)| of == series).map(|(_, instance)| instance.clone()).collect()
}

fn no_instance(id: &Name, attribute: &Name, key: InstanceKey) -> FaceError {
    not_found(Text::both(
        format!("attribute {attribute} of entity {id} has no instance {key}"),
        format!("エンティティ{id}の属性{attribute}にインスタンス{key}はありません"),
    ))
}

fn of_other_dataset(told: &Name, dataset: Option<&Name>) -> FaceError {
    let dataset = dataset.map_or("@none", |name| name);
    FaceError::bad_data(Text::both(
        format!("the instance is of the dataset {dataset}, not of {told}; an instance stays in its dataset"),
        format!("このインスタンスのdatasetIdは{dataset}です。{told}には変更できません"),
    ))
}

fn observed_twice(other: InstanceKey) -> FaceError {
    FaceError::bad_data(Text::both(
        format!(
            "the instance {other} of the same attribute and dataset has this observedAt; modify or delete that one"
        ),
        format!(
            "同じ属性・データセットのインスタンス{other}が同じobservedAtを持っています。そちらを変更または削除してください"
        ),
    ))
}
