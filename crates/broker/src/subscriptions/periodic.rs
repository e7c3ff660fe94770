//! What a periodic notification tells: all subscribed entities as they are (ETSI GS CIM 009 §5.8.6, timeInterval).

use std::sync::Arc;

use machi_model::query::{Logic, TypeExpression};
use machi_store::{Condition, Cursor, Filter, Find, Instances, Names, StoreError, Test};
use machi_types::{Name, Timestamp};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::domain::cause::Cause;
use super::domain::identity::NotificationId;
use super::domain::matching::{meets_query, selects};
use super::domain::payload::tells_of;
use super::domain::state::EntityState;
use super::domain::subscription::{Ids, Selector, Subscription};
use super::due::{Due, entity_bit};
use super::linked;
use super::parked::Attempts;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::facets;
use crate::domain::filter::nothing;

const PAGE: usize = 500;

/// So many notifications are gathered at once; the others when their receiver has taken these.
const AT_ONCE: usize = 16;

/// What one instant makes due, as far as it is not gathered yet.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) subscription: Arc<Subscription>,
    /// The instant.
    time: Timestamp,
    /// Behind which entity to go on.
    after: Option<Cursor>,
    /// How many notifications there are already.
    place: u32,
}

impl Round {
    pub(crate) fn new(subscription: Arc<Subscription>, time: Timestamp) -> Self {
        Self { subscription, time, after: None, place: 0 }
    }
}

/// Gathers the next notifications of a round, and says what is left of it. "If there are no matching Entities, no
/// Notification is sent."
pub(crate) async fn gather(
    broker: &Broker,
    mut round: Round,
    most: usize,
) -> Result<(Vec<Due>, Option<Round>), StoreError> {
    let store = &broker.store;
    let subscription = Arc::clone(&round.subscription);
    let (view, names, tenant) = (store.view(), store.names(), &subscription.key.tenant);
    let now = broker.clock.now();
    let mut gathered: Vec<Due> = Vec::new();
    loop {
        let filter = filter(&subscription, names);
        let find = Find { after: round.after.take(), limit: PAGE, ..Find::new(tenant.clone(), ENTITIES, filter) };
        let found = view.find(find).await?;
        for row in &found.rows {
            let Ok(Some(state)) = EntityState::of(Arc::clone(&row.document), names, now) else { continue };
            if !selects(&subscription, &state) {
                continue;
            }
            let known = linked::gather(subscription.q.as_deref(), &state, &*view, tenant, names, now).await?;
            if !meets_query(&subscription, &state, &|id| known.get(id)) {
                continue;
            }
            let document = Arc::clone(&row.document);
            let cause = Arc::new(Cause::new(Arc::clone(&state.reading), document, None, round.time));
            if tells_of(&cause, &subscription.shape, names) {
                add(&mut gathered, &mut round, cause, most.max(1));
            }
        }
        round.after = found.rows.last().filter(|_| found.more).map(|row| row.cursor.clone());
        if round.after.is_none() {
            return Ok((gathered, None));
        }
        if gathered.len() >= AT_ONCE {
            return Ok((gathered, Some(round)));
        }
    }
}

fn add(gathered: &mut Vec<Due>, round: &mut Round, cause: Arc<Cause>, most: usize) {
    let (subscription, time) = (&round.subscription, round.time);
    if gathered.last().is_none_or(|last| last.causes.len() >= most) {
        gathered.push(Due {
            subscription: Arc::clone(subscription),
            id: NotificationId::of_period(&subscription.key, time, round.place),
            causes: SmallVec::new(),
            time,
            order: (u64::try_from(time.micros()).unwrap_or(0), round.place),
            chunk: None,
            entities: 0,
            since: Instant::now(),
            attempts: Attempts::default(),
        });
        round.place += 1;
    }
    if let Some(last) = gathered.last_mut() {
        last.entities |= entity_bit(cause.reading.id());
        last.causes.push(cause);
    }
}

/// Which entities are looked at: those of the ids and types; whatever else is asked of them is checked afterwards.
fn filter(subscription: &Subscription, names: &dyn Names) -> Filter {
    if subscription.selectors.is_empty() {
        return Filter::All;
    }
    Filter::Or(subscription.selectors.iter().map(|selector| of_selector(selector, names)).collect())
}

fn of_selector(selector: &Selector, names: &dyn Names) -> Filter {
    let types = match &selector.types {
        TypeExpression::Every => Filter::All,
        TypeExpression::Logic(logic) => of_types(logic, names),
    };
    match &selector.ids {
        Ids::Of(ids) => Filter::Ids(ids.to_vec()).and(types),
        Ids::Any | Ids::Matching(_) => types,
    }
}

fn of_types(logic: &Logic<Name>, names: &dyn Names) -> Filter {
    match logic {
        Logic::One(name) => match names.lookup(name) {
            Some(tag) => Filter::Test(Test {
                name: names.intern(facets::TYPE),
                instances: Instances::Any,
                condition: Condition::Tag(tag),
            }),
            None => nothing(),
        },
        Logic::All(parts) => Filter::And(parts.iter().map(|part| of_types(part, names)).collect()),
        Logic::Any(parts) => Filter::Or(parts.iter().map(|part| of_types(part, names)).collect()),
    }
}
