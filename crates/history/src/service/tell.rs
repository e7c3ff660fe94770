//! Create or update an evolution, and add instances to it (ETSI GS CIM 009 §5.6.11, §5.6.12).

use machi_archive::{Collected, Evolution, InstanceKey, Part, SCOPE, Snapshot, WantedEvolutions, WantedInstances};
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

/// What instances an evolution has, by attribute, dataset and time of observation.
type Places = FxHashMap<(Name, Option<Name>, Timestamp), Vec<InstanceKey>>;

impl History {
    /// Tells of the past of an entity, of which there may be an evolution or not.
    pub async fn tell_evolution(
        &self,
        caller: &Caller,
        told: EvolutionFragment,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        self.face.check_tenant_or_create(caller)?;
        let id = told.id.clone().ok_or(FaceError::Bug("an evolution came without an id"))?;
        self.tell(caller, &id, told, Must::Nothing, key).await
    }

    /// Tells more of the past of an entity that has an evolution.
    pub async fn add_instances(
        &self,
        caller: &Caller,
        id: &Name,
        told: EvolutionFragment,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        self.face.check_tenant(caller)?;
        self.tell(caller, id, told, Must::Exist, key).await
    }

    async fn tell(
        &self,
        caller: &Caller,
        id: &Name,
        told: EvolutionFragment,
        must: Must,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        let _turn = self.turn(caller.tenant(), id).await;
        if let Some(earlier) = self.earlier(caller, key.as_ref()).await? {
            return Ok(earlier);
        }
        let past = self.past(caller.tenant()).await?;
        let of = id.clone();
        let work = move || -> Result<Option<(Amendment, Effect)>, HistoryError> {
            let known = evolution(&*past, &of)?;
            if known.is_none() && must == Must::Exist {
                return Ok(None);
            }
            let effect = if known.is_none() { Effect::Created } else { Effect::Changed };
            Ok(Some((amendment(&*past, &of, told, known.as_ref())?, effect)))
        };
        let (amendment, effect) = crate::blocking(work).await??.ok_or_else(|| no_evolution(id))?;
        self.commit(caller, &amendment, effect, key).await
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

/// What is to be committed. An instance comes in the place of what its series has at the same time of observation, and
/// keeps its key (docs/temporal-api.md, D2).
fn amendment(
    past: &dyn Snapshot,
    id: &Name,
    told: EvolutionFragment,
    known: Option<&Evolution>,
) -> Result<Amendment, HistoryError> {
    let types = known.map(Evolution::types).unwrap_or_default();
    let is_news = known.is_none() || told.types.iter().any(|name| !types.contains(name));
    let instances = last_of_each(
        told.scopes
            .iter()
            .map(scope)
            .chain(told.attributes.iter().flat_map(|(name, all)| all.iter().map(|one| instance(name, one)))),
    );
    let held = held(past, id, &instances)?;
    let mut amendment = Amendment {
        entity: id.clone(),
        head: (is_news || told.expires_at.is_some()).then_some(ToldHead {
            types: told.types,
            expires_at: told.expires_at,
            forgotten: None,
        }),
        removals: Vec::new(),
        instances: Vec::with_capacity(instances.len()),
    };
    for (mut told, observed_at) in instances {
        let (attribute, dataset) = (&told.attribute, &told.dataset);
        let keys = observed_at.and_then(|time| held.get(&(attribute.clone(), dataset.clone(), time)));
        for key in keys.into_iter().flatten() {
            let part = Part::Instance { attribute: attribute.clone(), dataset: dataset.clone(), key: *key };
            amendment.removals.push((part, true));
        }
        told.key = keys.and_then(|keys| keys.last().copied());
        amendment.instances.push(told);
    }
    Ok(amendment)
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

/// The keys of what the evolution has at the same times, in the order in which they were written.
fn held(past: &dyn Snapshot, id: &Name, told: &[Dated]) -> Result<Places, HistoryError> {
    let times = || told.iter().filter_map(|(_, time)| *time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(Places::default()) };
    let after_last = Timestamp::from_micros(last.micros().saturating_add(1));
    let relation = TemporalRelation::Between(first, after_last);
    let mut attributes: Vec<Name> = told.iter().map(|(told, _)| told.attribute.clone()).collect();
    attributes.sort_unstable();
    attributes.dedup();
    let query = TemporalQuery { relation, property: TimeProperty::ObservedAt };
    let mut keys = Places::default();
    let of = WantedInstances::all_of(std::slice::from_ref(id));
    let wanted = WantedInstances { attributes: Some(&attributes), time: Some(query), ..of };
    for (series, instance) in Collected::of(past, &wanted)?.instances {
        // What stands for a whole period is in nobody's place.
        if let Some(time) = instance.observed_at.filter(|_| !instance.is_summary()) {
            keys.entry((series.attribute, series.dataset, time)).or_default().push(instance.key);
        }
    }
    Ok(keys)
}
