//! Random entities, and what the plain evaluator says of them.

use std::sync::Arc;

use machi_model::entity::{CoreTerms, Document, EntityFacts, HeadRef, Input, LinkedDocuments, Section, parse_entity};
use machi_store::{Commit, Decision, Document as Stored, NameNo, Refusal};
use machi_types::{Name, TenantId, Timestamp, json};

use super::ROUNDS;
use super::dice::Dice;
use super::questions::Question;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::change::Prepared;
use crate::domain::selection::Selection;
use crate::service::select::Sight;

/// How many entities there are at most.
const ENTITIES_AT_MOST: usize = 90;

/// Creates, replaces and deletes entities.
pub(super) async fn change(broker: &Broker, dice: &mut Dice, round: usize) {
    for number in 0..ENTITIES_AT_MOST {
        if round > 0 && !dice.chance(40) {
            continue;
        }
        let id = Name::from(id_of(number));
        // In the first rounds nothing expires: what expires is read, and then the indexes are not asked.
        let expires = round * 2 >= ROUNDS;
        let text = (round == 0 || !dice.chance(20)).then(|| random_entity(&id, expires, dice));
        let prepared = text.map(|text| {
            let json = json::parse(text.as_bytes(), 64).unwrap_or_else(|error| panic!("{text}: {error}"));
            let entity =
                parse_entity(&json, &CoreTerms, Input::WHOLE).unwrap_or_else(|error| panic!("{text}: {error}"));
            Prepared::new(&entity)
        });
        let store = Arc::clone(&broker.store);
        let decide = move |_: Option<&Stored>| -> Result<Decision, Refusal> {
            Ok(prepared.as_ref().map_or(Decision::Delete, |prepared| Decision::Change(prepared.replace(store.names()))))
        };
        let commit = Commit::new(TenantId::default_tenant()).with(ENTITIES, id, decide);
        broker.store.commit(commit).await.expect("committing works");
    }
}

fn id_of(number: usize) -> String {
    format!("urn:ngsi-ld:Thing:{number}")
}

fn random_entity(id: &str, expires: bool, dice: &mut Dice) -> String {
    let mut members = vec![format!(r#""id":"{id}""#)];
    members.push(format!(r#""type":{}"#, dice.pick(&[r#""A""#, r#""B""#, r#"["A","B"]"#, r#"["C","A"]"#])));
    if dice.chance(50) {
        let scope = dice.pick(&[r#""/x""#, r#""/x/y""#, r#"["/x/z/w","/v"]"#, r#""v/y""#, r#"["/v","/x/y"]"#]);
        members.push(format!(r#""scope":{scope}"#));
    }
    if expires && dice.chance(12) {
        members.push(format!(r#""expiresAt":"{}""#, random_expiry(dice)));
    }
    for name in ["a", "b", "c", "d"] {
        if dice.chance(65) {
            let instance = if expires { random_transient } else { random_instance };
            members.push(format!(r#""{name}":{}"#, random_attribute(dice, instance)));
        }
    }
    // Attributes whose values are all of one kind are ordered by index.
    members.push(format!(r#""level":{}"#, dice.roll(20)));
    members.push(format!(r#""word":"{}""#, dice.pick(&["x", "y", "zz", "街"])));
    for name in ["location", "place"] {
        if dice.chance(60) {
            members.push(format!(r#""{name}":{}"#, random_attribute(dice, random_place)));
        }
    }
    if dice.chance(60) {
        members.push(format!(r#""r":{}"#, random_attribute(dice, random_link)));
    }
    format!("{{{}}}", members.join(","))
}

fn random_expiry(dice: &mut Dice) -> &'static str {
    dice.pick(&["2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
}

/// One instance, or several with datasets.
fn random_attribute(dice: &mut Dice, instance: fn(&mut Dice) -> String) -> String {
    if !dice.chance(25) {
        return format!("{{{}}}", instance(dice));
    }
    let datasets = [r#""datasetId":"urn:d:1","#, r#""datasetId":"urn:d:2","#, ""];
    let mut shown = Vec::new();
    for dataset in datasets {
        if dice.chance(70) {
            shown.push(format!("{{{dataset}{}}}", instance(dice)));
        }
    }
    if shown.is_empty() { format!("{{{}}}", instance(dice)) } else { format!("[{}]", shown.join(",")) }
}

fn random_instance(dice: &mut Dice) -> String {
    let mut members = vec![random_value(dice)];
    if dice.chance(30) {
        members.push(format!(r#""observedAt":"{}""#, dice.pick(&["2020-01-01T00:00:00Z", "2021-01-01T00:00:00.25Z"])));
    }
    match dice.roll(10) {
        0..4 => members.push(format!(r#""s":{{"value":{}}}"#, random_scalar(dice))),
        4 => members.push(format!(
            r#""s":[{{"value":{}}},{{"value":{},"datasetId":"urn:d:3"}}]"#,
            random_scalar(dice),
            random_scalar(dice)
        )),
        5 => members.push(format!(r#""s":{{"languageMap":{{"en":{},"ja":"赤"}}}}"#, random_text(dice))),
        6 => members.push(format!(r#""s":{{"value":[{},{}]}}"#, random_scalar(dice), random_scalar(dice))),
        _ => {}
    }
    members.join(",")
}

/// An instance that may expire, or hold something that does.
fn random_transient(dice: &mut Dice) -> String {
    let mut members = vec![random_instance(dice)];
    if dice.chance(8) {
        members.push(format!(r#""t":{{"value":1,"expiresAt":"{}"}}"#, random_expiry(dice)));
    }
    if dice.chance(8) {
        members.push(format!(r#""expiresAt":"{}""#, random_expiry(dice)));
    }
    members.join(",")
}

fn random_text(dice: &mut Dice) -> &'static str {
    dice.pick(&[r#""red""#, r#""blue""#, LONG])
}

/// A text that is longer than default indexes keep.
const LONG: &str = r#""a long text that goes on and on until no index keeps it any longer, and only then ends in red""#;

pub(super) fn random_scalar(dice: &mut Dice) -> String {
    match dice.roll(10) {
        0..4 => dice.pick(&["-1", "0", "1", "2", "2.5", "3", "9007199254740992", "9007199254740993", "1e300", "-0.0"]),
        4..8 => dice.pick(&[
            r#""red""#,
            r#""blue""#,
            r#""Red Blue""#,
            LONG,
            r#""2020-01-01T00:00:00Z""#,
            r#""2020-01-01T00:00:00.500Z""#,
            r#""2020-06-01""#,
            r#""12:00:00Z""#,
            r#""12:00:00.0Z""#,
            r#""urn:x:1""#,
        ]),
        _ => dice.pick(&["true", "false"]),
    }
    .to_owned()
}

fn random_value(dice: &mut Dice) -> String {
    match dice.roll(17) {
        0..7 => format!(r#""type":"Property","value":{}"#, random_scalar(dice)),
        7 => format!(r#""type":"Property","value":[{},{}]"#, random_scalar(dice), random_scalar(dice)),
        8 => format!(
            r#""type":"Property","value":{{"k":{},"m":{{"n":{}}},"en":"red"}}"#,
            random_scalar(dice),
            random_scalar(dice)
        ),
        9 => {
            let typed = dice.pick(&[
                r#"{"@type":"DateTime","@value":"2020-01-01T00:00:00Z"}"#,
                r#"{"@type":"Date","@value":"2020-06-01"}"#,
                r#"{"@type":"Time","@value":"12:00:00.0Z"}"#,
            ]);
            format!(r#""type":"Property","value":{typed}"#)
        }
        10 | 11 => {
            let map = dice.pick(&[
                r#"{"en":"red","ja":"赤"}"#,
                r#"{"en":["blue","red"]}"#,
                r#"{"en":"2020-01-01T00:00:00Z","fr":"bleu"}"#,
                r#"{"ja":"blue"}"#,
            ]);
            format!(r#""type":"LanguageProperty","languageMap":{map}"#)
        }
        12 => format!(r#""type":"VocabProperty","vocab":{}"#, dice.pick(&[r#""red""#, r#"["red","blue"]"#])),
        13 => format!(r#""type":"JsonProperty","json":{{"k":{},"@value":1}}"#, random_scalar(dice)),
        15 => format!(r#""type":"Property","value":1,"unitCode":"{}""#, dice.pick(&["CEL", "MTR"])),
        14 => format!(r#""type":"ListProperty","valueList":[{},{}]"#, random_scalar(dice), random_scalar(dice)),
        _ => random_link(dice),
    }
}

fn random_link(dice: &mut Dice) -> String {
    let target = |dice: &mut Dice| {
        if dice.chance(85) { id_of(dice.roll(ENTITIES_AT_MOST)) } else { "urn:x:1".to_owned() }
    };
    match dice.roll(4) {
        0 => format!(r#""type":"Relationship","object":["{}","{}"]"#, target(dice), target(dice)),
        1 => format!(r#""type":"ListRelationship","objectList":["{}","{}"]"#, target(dice), target(dice)),
        _ => format!(r#""type":"Relationship","object":"{}""#, target(dice)),
    }
}

fn random_place(dice: &mut Dice) -> String {
    let (x, y) = (dice.roll(6), dice.roll(6));
    let geometry = match dice.roll(4) {
        0 => format!(
            r#"{{"type":"Polygon","coordinates":[[[{x},{y}],[{},{y}],[{},{}],[{x},{y}]]]}}"#,
            x + 2,
            x + 2,
            y + 2
        ),
        1 => format!(r#"{{"type":"LineString","coordinates":[[{x},{y}],[{},{y}]]}}"#, x + 1),
        _ => format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#),
    };
    format!(r#""type":"GeoProperty","value":{geometry}"#)
}

/// All entities as they are stored.
#[derive(Debug)]
pub(super) struct World {
    entities: Vec<Witness>,
}

/// One entity with the names of its sections.
#[derive(Debug)]
struct Witness {
    stored: std::sync::Arc<Stored>,
    names: Vec<(Name, Option<Name>)>,
}

impl Witness {
    fn with<R>(&self, read: impl FnOnce(&Document<'_>) -> R) -> R {
        let sections: Vec<Section<'_>> = self
            .stored
            .sections
            .iter()
            .zip(&self.names)
            .map(|(section, (name, dataset_id))| Section {
                created_at: Some(section.created),
                modified_at: Some(section.modified),
                ..Section::new(name, dataset_id.as_deref(), &section.body)
            })
            .collect();
        read(&Document {
            created_at: Some(self.stored.created),
            modified_at: Some(self.stored.modified),
            ..Document::new(&self.stored.id, &self.stored.head, &sections)
        })
    }
}

impl World {
    /// Reads every entity by its id.
    pub(super) async fn read(broker: &Broker, sight: &Sight) -> Self {
        let names = broker.store.names();
        let ids: Vec<Name> = (0..ENTITIES_AT_MOST).map(|number| Name::from(id_of(number))).collect();
        let stored = sight.view.documents(&sight.tenant, ENTITIES, &ids).await.expect("reading works");
        let witness = |stored: std::sync::Arc<Stored>| {
            let names = stored.sections.iter().map(|section| {
                let dataset_id = (section.key.instance != NameNo::NONE).then(|| names.text(section.key.instance));
                (names.text(section.key.name), dataset_id)
            });
            Witness { names: names.collect(), stored }
        };
        Self { entities: stored.into_iter().flatten().map(witness).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.entities.len()
    }

    /// The ids of the entities that the question is about, sorted.
    pub(super) fn answer(&self, question: &Question, now: Timestamp) -> Vec<Name> {
        let selection = Selection::new(question.criteria(), None);
        let matches = |document: &Document<'_>| {
            let facts = EntityFacts { document, now, linked: Some(self) };
            let lives = HeadRef::read(document.head).is_ok_and(|head| head.expires_at().is_none_or(|time| time > now));
            lives && selection.matches(document, now) && question.q().is_none_or(|q| q.matches(&facts))
        };
        let asked = self.entities.iter().filter(|witness| witness.with(matches));
        let mut ids: Vec<Name> = asked.map(|witness| witness.stored.id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// The same in the order of the question; entities that it leaves equal stand as they came.
    pub(super) fn ordered_answer(&self, question: &Question, now: Timestamp) -> Vec<Name> {
        let ids = self.answer(question, now);
        let order = question.order().expect("this question has an order");
        let asked = self.entities.iter().filter(|witness| ids.contains(&witness.stored.id));
        let keys_of =
            |witness: &Witness| witness.with(|document| order.keys(&EntityFacts { document, now, linked: None }));
        let mut placed: Vec<_> = asked.map(|witness| (keys_of(witness), &witness.stored)).collect();
        placed.sort_by(|(a, one), (b, other)| order.compare(a, b).then(one.number.cmp(&other.number)));
        placed.into_iter().map(|(_, stored)| stored.id.clone()).collect()
    }

    /// The entities in which two answers differ.
    pub(super) fn tell_difference(&self, found: &[Name], expected: &[Name]) -> String {
        let differs = |witness: &&Witness| found.contains(&witness.stored.id) != expected.contains(&witness.stored.id);
        let tell = |witness: &Witness| {
            let verdict = if found.contains(&witness.stored.id) { "wrongly found" } else { "not found" };
            let entity = witness.with(|document| format!("{:?}", document.to_entity()));
            format!("{verdict}: {entity}\n")
        };
        self.entities.iter().filter(differs).take(3).map(tell).collect()
    }
}

impl LinkedDocuments for World {
    fn read(&self, id: &str, read: &mut dyn FnMut(&Document<'_>) -> bool) -> bool {
        let witness = self.entities.iter().find(|witness| &*witness.stored.id == id);
        witness.is_some_and(|witness| witness.with(|document| read(document)))
    }
}
