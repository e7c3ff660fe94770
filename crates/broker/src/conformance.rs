//! The law that holds queries and indexes together: over random entities and random questions, whatever a
//! store finds, counts and orders by its indexes is what the plain evaluator says of each entity.
//!
//! An adapter's test opens an empty store with [`crate::collections::specs`] and calls [`run`].

mod dice;
mod questions;
mod world;

use std::sync::Arc;

use machi_face::config::FaceConfig;
use machi_face::contexts::LoadNothing;
use machi_face::{Face, FaceError, PageStart};
use machi_model::entity::{CoreTerms, Terms};
use machi_store::{Find, Store};
use machi_types::{Caller, Name, RequestId, SystemClock, TenantId};

use crate::Broker;
use crate::config::Config;
use crate::service::indexes::definition;
use crate::service::query::EntityQuery;
use crate::service::select::Sight;

use dice::Dice;
use questions::Question;
use world::World;

/// How often the entities change between two rounds of questions.
const ROUNDS: usize = 4;

/// Asks so many random questions about entities that change in between. Panics with the first answer that is wrong.
pub async fn run(store: Arc<dyn Store>, seed: u64, questions: usize) {
    let mut dice = Dice::new(seed);
    let face = Face::new(store, Arc::new(SystemClock), FaceConfig::default(), Arc::new(LoadNothing));
    let broker = Broker::new(Arc::new(face), Config::default());
    let mut asked = Asked::default();
    for round in 0..ROUNDS {
        world::change(&broker, &mut dice, round).await;
        change_indexes(&broker, &mut dice).await;
        let sight = broker.sight(&TenantId::default_tenant());
        let world = World::read(&broker, &sight).await;
        for _ in 0..questions / ROUNDS {
            let question = Question::random(&mut dice);
            asked.note(check(&broker, &sight, &world, &question).await);
            if dice.chance(20) {
                check_order(&broker, &sight, &world, &question.ordered(&mut dice)).await;
            }
        }
    }
    asked.assert_worth_asking();
}

/// Paths of the random questions that an added index may answer; the second ones are for patterns.
const PATHS: [(&str, bool); 14] = [
    ("a.s", false),
    ("b.s", true),
    ("c.t", false),
    ("a.observedAt", false),
    ("b.expiresAt", false),
    ("a[k]", false),
    ("b[k]", true),
    ("a[m.n]", false),
    ("c[en]", false),
    ("d[*]", false),
    ("a", true),
    ("b", true),
    ("c", true),
    ("a.unitCode", false),
];

/// Adds and drops indexes, and waits until those that are there answer.
async fn change_indexes(broker: &Broker, dice: &mut Dice) {
    let caller = Caller::anonymous(TenantId::default_tenant(), RequestId(0));
    for (path, is_for_patterns) in PATHS {
        let expand = |name: &str| CoreTerms.expand(name).map_err(FaceError::from);
        let definition = definition(path, is_for_patterns, &expand).expect("the path is right");
        let known = broker.indexes(&caller).await.expect("indexes are listed");
        match known.iter().find(|index| index.definition == definition) {
            Some(index) if dice.chance(30) => broker.remove_index(&caller, &index.id).await.expect("it is dropped"),
            None if dice.chance(70) => {
                broker.add_index(&caller, path, definition).await.expect("it is added");
            }
            _ => {}
        }
    }
    for _ in 0..5000 {
        let indexes = broker.indexes(&caller).await.expect("indexes are listed");
        if indexes.iter().all(|index| index.status.as_ref().is_some_and(|status| status.is_complete)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("the added indexes are not completed");
}

/// How telling the questions were.
#[derive(Debug, Default)]
struct Asked {
    some: usize,
    none: usize,
    all: usize,
}

impl Asked {
    fn note(&mut self, (found, of): (usize, usize)) {
        match found {
            0 => self.none += 1,
            found if found == of => self.all += 1,
            _ => self.some += 1,
        }
    }

    fn assert_worth_asking(&self) {
        assert!(self.some * 3 > self.none + self.all, "most questions should tell entities apart: {self:?}");
    }
}

/// One question, asked both ways; how many entities were found, and of how many.
async fn check(broker: &Broker, sight: &Sight, world: &World, question: &Question) -> (usize, usize) {
    let expected = world.answer(question, sight.now);
    let filter = broker.select(sight, question.criteria()).await.expect("a random question is simple enough");
    let find = Find { limit: 1000, ..broker.entity_find(sight, filter) };
    let counted = sight.view.count(find.clone()).await.expect("counting works");
    let found = sight.view.find(find).await.expect("finding works");
    let mut found: Vec<Name> = found.rows.iter().map(|row| row.document.id.clone()).collect();
    found.sort_unstable();
    assert_eq!(found, expected, "{question}\n{}", world.tell_difference(&found, &expected));
    assert_eq!(counted as usize, expected.len(), "the count of {question}");
    (expected.len(), world.len())
}

/// An order, page by page: every entity once, where the plain evaluator puts it.
async fn check_order(broker: &Broker, sight: &Sight, world: &World, question: &Question) {
    let caller = Caller::anonymous(TenantId::default_tenant(), RequestId(0));
    let expected = world.ordered_answer(question, sight.now);
    let mut found: Vec<Name> = Vec::new();
    let mut start = Some(PageStart::at(0));
    while let Some(at) = start {
        let query = EntityQuery {
            as_of: None,
            criteria: question.criteria(),
            order: question.order().cloned(),
            limit: 7,
            start: at,
            is_counted: false,
            takes_notes: false,
        };
        let page = broker.query_entities(&caller, query).await.expect("a random order is simple enough");
        found.extend(page.rows.iter().map(|row| Name::from(row.id())));
        start = page.next;
    }
    assert_eq!(found, expected, "{question}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_store::memory::MemoryStore;

    #[tokio::test]
    async fn the_reference_store_obeys_the_law() {
        for seed in 1..=4 {
            let store = MemoryStore::new(crate::collections::specs(), Arc::new(SystemClock));
            run(Arc::new(store), seed, 200).await;
        }
    }
}
