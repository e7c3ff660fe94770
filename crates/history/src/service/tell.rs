//! Create or update evolutions, and add instances to one (ETSI GS CIM 009 §5.6.11, §5.6.12).

use std::collections::BTreeSet;

use machi_archive::{Collected, Evolution, Instance, Part, SCOPE, Series, Snapshot, WantedEvolutions, WantedInstances};
use machi_face::once::Effect;
use machi_face::{FaceError, RequestKey};
use machi_http::Text;
use machi_model::entity::{EvolutionFragment, Observed, ScopeInstance, TemporalInstance, encode_instance};
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_types::{Caller, ErrorKind, Name, Timestamp};
use rustc_hash::FxHashMap;

use crate::amendment::{Amendment, Told, ToldHead};
use crate::error::HistoryError;
use crate::history::History;
use crate::taking;

/// What must be so before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    Nothing,
    /// There is an evolution.
    Exist,
}

/// An instance that is told, and when it was observed.
type Dated = (Told, Option<Timestamp>);

/// Where an instance stands: entity, attribute, dataset and time of observation.
type Place = (Name, Name, Option<Name>, Timestamp);

/// The instances that evolutions have in each place, in the order in which they were written.
type Places = FxHashMap<Place, Vec<Instance>>;

impl History {
    /// Tells of the past of an entity, of which there may be an evolution or not.
    pub async fn tell_evolution(
        &self,
        caller: &Caller,
        told: EvolutionFragment,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        self.tell_evolutions(caller, vec![told], key).await
    }

    /// The same of several entities, each of which comes once, in one commit; it is new if the first of them is.
    pub async fn tell_evolutions(
        &self,
        caller: &Caller,
        told: Vec<EvolutionFragment>,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        self.face.check_tenant_or_create(caller).await?;
        let mut all = Vec::with_capacity(told.len());
        for told in told {
            all.push((told.id.clone().ok_or(FaceError::Bug("an evolution came without an id"))?, told));
        }
        self.tell(caller, all, Must::Nothing, key).await
    }

    /// Tells more of the past of an entity that has an evolution.
    pub async fn add_instances(
        &self,
        caller: &Caller,
        id: &Name,
        told: EvolutionFragment,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        self.face.check_tenant(caller).await?;
        self.tell(caller, vec![(id.clone(), told)], Must::Exist, key).await
    }

    async fn tell(
        &self,
        caller: &Caller,
        mut told: Vec<(Name, EvolutionFragment)>,
        must: Must,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        told.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let _turns = self.turns(caller.tenant(), told.iter().map(|(id, _)| id)).await;
        if let Some(earlier) = self.earlier(caller, key.as_ref()).await? {
            return Ok(earlier);
        }
        let past = self.past(caller.tenant()).await?;
        let (amendments, unknown) = crate::blocking(move || amendments(&*past, told)).await??;
        let effect = match (unknown, must) {
            (Some(id), Must::Exist) => return Err(no_evolution(&id)),
            (Some(_), Must::Nothing) => Effect::Created,
            (None, _) => Effect::Changed,
        };
        self.commit(caller, &amendments, effect, key).await
    }
}

/// The evolution of an entity, where there is one.
pub(crate) fn evolution(past: &dyn Snapshot, id: &Name) -> Result<Option<Evolution>, HistoryError> {
    Ok(past.evolutions(&WantedEvolutions::Of(std::slice::from_ref(id)))?.pop())
}

/// The refusal where there is no evolution.
pub(crate) fn no_evolution(id: &Name) -> FaceError {
    not_found(Text::both(
        format!("nothing is known of the past of entity {id}; POST /ngsi-ld/v1/temporal/entities tells of it"),
        format!("エンティティ{id}の履歴はありません。POST /ngsi-ld/v1/temporal/entitiesで登録できます"),
    ))
}

/// The refusal where something of an evolution is not there.
pub(crate) fn not_found(detail: Text) -> FaceError {
    FaceError::Refused { kind: ErrorKind::ResourceNotFound, detail }
}

/// What is to be committed, and one of the entities, which ascend, that have no evolution.
fn amendments(
    past: &dyn Snapshot,
    told: Vec<(Name, EvolutionFragment)>,
) -> Result<(Vec<Amendment>, Option<Name>), HistoryError> {
    let ids: Vec<Name> = told.iter().map(|(id, _)| id.clone()).collect();
    let known = past.evolutions(&WantedEvolutions::Of(&ids))?;
    let known: FxHashMap<&Name, &Evolution> = known.iter().map(|one| (&one.entity, one)).collect();
    let unknown = ids.iter().find(|id| !known.contains_key(id)).cloned();
    let all: Vec<(ToldHead, Vec<Dated>)> = told.into_iter().map(|(_, told)| parted(told)).collect();
    let held = held(past, &ids, &all)?;
    let of_each = ids.iter().zip(all);
    let amendments = of_each.map(|(id, (head, told))| amendment(id, news(head, known.get(id).copied()), told, &held));
    Ok((amendments.filter(|amendment| !amendment.is_empty()).collect(), unknown))
}

/// What is told of the entity itself, and its instances.
fn parted(told: EvolutionFragment) -> (ToldHead, Vec<Dated>) {
    let attributes = told.attributes.iter().flat_map(|(name, all)| all.iter().map(|one| instance(name, one)));
    let instances = last_of_each(told.scopes.iter().map(scope).chain(attributes));
    (ToldHead { types: told.types, expires_at: told.expires_at, forgotten: None }, instances)
}

/// What is told of the entity itself, where that is not known.
fn news(head: ToldHead, known: Option<&Evolution>) -> Option<ToldHead> {
    let types = known.map(Evolution::types).unwrap_or_default();
    let is_news = known.is_none() || head.types.iter().any(|name| !types.contains(name));
    (is_news || head.expires_at.is_some()).then_some(head)
}

/// What is to be committed of an entity. An instance comes in the place of what its series has at the same time of
/// observation, and keeps its key (docs/temporal-api.md, D2); one that says the same changes nothing.
fn amendment(id: &Name, head: Option<ToldHead>, told: Vec<Dated>, held: &Places) -> Amendment {
    let mut removals = Vec::new();
    let (mut kept, mut new) = (Vec::new(), Vec::with_capacity(told.len()));
    for (mut told, observed_at) in told {
        let (attribute, dataset) = (&told.attribute, &told.dataset);
        let place = observed_at.map(|time| (id.clone(), attribute.clone(), dataset.clone(), time));
        let there = place.and_then(|place| held.get(&place)).map(Vec::as_slice).unwrap_or_default();
        match there {
            [] => new.push(told),
            [one] if one.body == told.body && one.deleted_at.is_some() == told.is_deletion => {}
            [.., last] => {
                let parts = there.iter().map(|one| Part::Instance {
                    attribute: attribute.clone(),
                    dataset: dataset.clone(),
                    key: one.key,
                });
                removals.extend(parts.map(|part| (part, true)));
                told.key = Some(last.key);
                kept.push(told);
            }
        }
    }
    // Those of one commit are numbered as they come: each keeps its number where the numbers ascend, and what is new is
    // numbered without a gap.
    kept.sort_by_key(|told| told.key);
    kept.append(&mut new);
    Amendment { entity: id.clone(), head, removals, instances: kept }
}

/// An instance as it is stored.
pub(crate) fn instance(attribute: &Name, told: &TemporalInstance) -> Dated {
    let observed_at = told.instance.observed_at.map(Observed::time);
    let told = Told {
        attribute: attribute.clone(),
        dataset: told.instance.dataset_id.clone(),
        key: None,
        is_deletion: told.is_deletion,
        body: encode_instance(&told.instance).into(),
    };
    (told, observed_at)
}

fn scope(told: &ScopeInstance) -> Dated {
    let observed_at = told.observed_at.map(Observed::time);
    let is_deletion = told.scopes.is_empty();
    let body = taking::scope_body(told.scopes.iter().map(|scope| &**scope), observed_at);
    let attribute = Name::from(SCOPE);
    (Told { attribute, dataset: None, key: None, is_deletion, body }, observed_at)
}

/// Of what is told twice of one series and time the last.
fn last_of_each(all: impl Iterator<Item = Dated>) -> Vec<Dated> {
    let mut places: FxHashMap<(Name, Option<Name>, Timestamp), usize> = FxHashMap::default();
    let mut instances: Vec<Dated> = Vec::new();
    for (told, observed_at) in all {
        let place = observed_at.map(|time| (told.attribute.clone(), told.dataset.clone(), time));
        let next = instances.len();
        match place.map_or(next, |place| *places.entry(place).or_insert(next)) {
            place if place == next => instances.push((told, observed_at)),
            earlier => instances[earlier] = (told, observed_at),
        }
    }
    instances
}

/// What evolutions have at the times that are told.
fn held(past: &dyn Snapshot, ids: &[Name], told: &[(ToldHead, Vec<Dated>)]) -> Result<Places, HistoryError> {
    let dated = || told.iter().flat_map(|(_, instances)| instances);
    let times = || dated().filter_map(|(_, time)| *time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(Places::default()) };
    let after_last = Timestamp::from_micros(last.micros().saturating_add(1));
    let relation = TemporalRelation::Between(first, after_last);
    let attributes: BTreeSet<&Name> = dated().map(|(told, _)| &told.attribute).collect();
    let attributes: Vec<Name> = attributes.into_iter().cloned().collect();
    let query = TemporalQuery { relation, property: TimeProperty::ObservedAt };
    let mut places = Places::default();
    let wanted = WantedInstances { attributes: Some(&attributes), time: Some(query), ..WantedInstances::all_of(ids) };
    for (Series { entity, attribute, dataset }, instance) in Collected::of(past, &wanted)?.instances {
        // What stands for a whole period is in nobody's place.
        if let Some(time) = instance.observed_at.filter(|_| !instance.is_summary()) {
            places.entry((entity, attribute, dataset, time)).or_default().push(instance);
        }
    }
    Ok(places)
}
