//! Random documents and random questions: the answers must equal those of the in-memory reference.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use machi_types::geo::SpatialRelation;
use machi_types::{FixedClock, Name, TenantId, Timestamp};
use regex::Regex;

use super::Open;
use super::dice::Dice;
use super::shapes::{THINGS, added_name, collections, geometry, key, lines};
use super::surveys::{self, Surveying};
use crate::memory::MemoryStore;
use crate::{
    Change, Check, Commit, CompareTexts, Condition, Decision, Document, Filter, Find, Found, GeoCondition, GeoRelation,
    Indexed, Instances, NameNo, Order, OrderBy, Outcome, Range, Refusal, SectionKey, SetSection, Stamp, Store, Test,
    TextCondition,
};

const ATTRIBUTES: &[&str] = &["a", "b", "b@x", "c", "rare"];
const TAGS: &[&str] = &["room", "floor", "sensor", "/a/b"];

pub(super) async fn run(open: &impl Open, seed: u64) {
    let clock = || Arc::new(FixedClock::new(Timestamp::from_micros(1_000_000)));
    let mut tested = open.open(collections(), clock()).await;
    let reference: Arc<dyn Store> = Arc::new(MemoryStore::new(collections(), clock()));
    let mut dice = Dice::new(seed);
    let (mut rows, mut cells) = (0, 0);
    for _ in 0..4 {
        for _ in 0..40 {
            let steps: Vec<Step> = (0..=dice.roll(12)).map(|_| Step::random(&mut dice)).collect();
            let mine = tested.commit(commit(&*tested, &steps)).await.expect("taken");
            let theirs = reference.commit(commit(&*reference, &steps)).await.expect("taken");
            assert_eq!(kinds(&mine.outcomes), kinds(&theirs.outcomes), "seed {seed}: {steps:?}");
        }
        tested = open.restart(tested).await;
        declare(&*tested, &mut dice).await;
        for _ in 0..40 {
            let question = Question::random(&mut dice);
            compare(&*tested, &*reference, &question, seed).await;
        }
        for _ in 0..60 {
            let surveying = Surveying::random(&mut dice, TAGS, ATTRIBUTES);
            let told = surveys::compare(&*tested, &*reference, &surveying, seed).await;
            (rows, cells) = (rows + told.0, cells + told.1);
        }
    }
    assert!(rows > 50 && cells > 10, "seed {seed}: {rows} rows and {cells} cells show little");
}

/// What was done, whatever the versions: a store may make commits of its own in between.
fn kinds(outcomes: &[Outcome]) -> Vec<&'static str> {
    let kind = |outcome: &Outcome| match outcome {
        Outcome::Created { .. } => "created",
        Outcome::Changed { .. } => "changed",
        Outcome::Deleted => "deleted",
        Outcome::Kept => "kept",
        Outcome::Refused(_) => "refused",
        Outcome::NotTried => "not tried",
    };
    outcomes.iter().map(kind).collect()
}

/// Declares some of the added indexes, and waits until they are complete.
async fn declare(store: &dyn Store, dice: &mut Dice) {
    let tenant = TenantId::default_tenant();
    let wanted = ATTRIBUTES.iter().filter(|_| dice.chance(60));
    let wanted: Vec<Name> = wanted.map(|attribute| Name::from(format!("lines of {attribute}"))).collect();
    store.declare_indexes(&tenant, THINGS, wanted.clone()).await.expect("declared");
    for _ in 0..5000 {
        let statuses = store.indexes(&tenant, THINGS).await.expect("told");
        if statuses.len() == wanted.len() && statuses.iter().all(|status| status.is_complete) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("the added indexes are not completed: {:?}", store.indexes(&tenant, THINGS).await);
}

/// What is done to one document.
#[derive(Clone, Debug)]
struct Step {
    id: String,
    delete: bool,
    replace: bool,
    head: Option<String>,
    set: Vec<(&'static str, String)>,
    remove: Vec<&'static str>,
}

impl Step {
    fn random(dice: &mut Dice) -> Self {
        let head = dice.chance(60).then(|| (0..dice.roll(3)).map(|_| dice.pick(TAGS)).collect::<Vec<_>>().join(" "));
        let attributes = (0..dice.roll(4)).map(|_| dice.pick(ATTRIBUTES)).collect::<std::collections::BTreeSet<_>>();
        Self {
            id: format!("urn:{}", dice.roll(300)),
            delete: dice.chance(8),
            replace: dice.chance(10),
            head,
            set: attributes.into_iter().map(|attribute| (attribute, random_body(dice))).collect(),
            remove: if dice.chance(20) { vec![dice.pick(ATTRIBUTES)] } else { Vec::new() },
        }
    }
}

fn random_body(dice: &mut Dice) -> String {
    (0..=dice.roll(2)).map(|_| random_line(dice)).collect::<Vec<_>>().join("\n")
}

fn random_line(dice: &mut Dice) -> String {
    match dice.roll(9) {
        0..=2 => format!("n {}", dice.roll(20) as f64 / 2.0 - 2.0),
        3 => format!("t {}", random_text(dice)),
        4 => format!("f {}", dice.chance(50)),
        5 => format!("d {}", dice.roll(10)),
        6 => format!("g {}", random_place(dice)),
        7 => format!("t {}\nt {}\no {}", random_text(dice), random_text(dice), dice.pick(&["xy", "yx", "xyz"])),
        _ => format!("l urn:{}", dice.roll(20)),
    }
}

fn random_text(dice: &mut Dice) -> String {
    let words = ["", "街", "river", "river bank", "Aoi", "Aoi 2"];
    let word = dice.pick(&words);
    // Some texts are longer than any index keeps.
    if dice.chance(30) { format!("{}{}", "long ".repeat(30), word) } else { word.to_owned() }
}

fn random_place(dice: &mut Dice) -> String {
    let (x, y) = (136.0 + dice.roll(20) as f64 / 10.0, 35.0 + dice.roll(20) as f64 / 10.0);
    match dice.roll(4) {
        0 => format!("[[[{x},{y}],[{},{y}],[{},{}],[{x},{y}]]]", x + 0.5, x + 0.5, y + 0.5),
        1 => format!("[[{x},{y}],[{},{}]]", x + 0.3, y + 0.3),
        _ => format!("[{x},{y}]"),
    }
}

fn commit(store: &dyn Store, steps: &[Step]) -> Commit {
    let mut commit = Commit::new(TenantId::default_tenant());
    for step in steps {
        let set: Vec<(SectionKey, Bytes)> =
            step.set.iter().map(|(attribute, body)| (key(store, attribute), Bytes::from(body.clone()))).collect();
        let remove: Vec<SectionKey> = step.remove.iter().map(|attribute| key(store, attribute)).collect();
        let step = step.clone();
        let id = Name::from(step.id.as_str());
        commit = commit.with(THINGS, id, move |_: Option<&Document>| -> Result<Decision, Refusal> {
            if step.delete {
                return Ok(Decision::Delete);
            }
            let section =
                |(key, body): &(SectionKey, Bytes)| SetSection { key: *key, body: body.clone(), created: Stamp::Keep };
            Ok(Decision::Change(Change {
                head: step.head.clone().map(Bytes::from),
                replace: step.replace,
                created: Stamp::Keep,
                set: set.iter().map(section).collect(),
                remove: remove.clone(),
            }))
        });
    }
    commit
}

/// A question without numbers of names, so that every store can be asked.
#[derive(Clone, Debug)]
struct Question {
    filter: Asked,
    order: Vec<AskedPart>,
    limit: usize,
    offset: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Asked {
    All,
    And(Vec<Asked>),
    Or(Vec<Asked>),
    Not(Box<Asked>),
    Ids(Vec<Name>),
    IdMatches(&'static str),
    Sized(usize),
    /// An attribute has a section of so many lines, or one in which this is found.
    Lined(&'static str, usize, Option<&'static str>),
    Tag(&'static str),
    Test(&'static str, bool, Condition),
}

#[derive(Clone, Debug)]
struct AskedPart {
    by: AskedOrder,
    descending: bool,
    texts_by_length: bool,
}

#[derive(Clone, Debug)]
enum AskedOrder {
    Id,
    Facet(&'static str),
    Distance(&'static str, String),
}

/// An order of texts in which many are equal.
#[derive(Debug)]
struct ByLength;

impl CompareTexts for ByLength {
    fn name(&self) -> &'static str {
        "by length"
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        a.len().cmp(&b.len())
    }
}

/// A check that only reading can decide.
#[derive(Debug)]
struct HasSections(usize);

impl Check for HasSections {
    fn meets(&self, document: &Document) -> bool {
        document.sections.len() >= self.0
    }
}

/// What the suite's added indexes know, by reading.
#[derive(Debug)]
struct HasLines {
    attribute: NameNo,
    least: usize,
    holds: Option<Arc<Regex>>,
}

impl Check for HasLines {
    fn meets(&self, document: &Document) -> bool {
        document.sections.iter().filter(|section| section.key.name == self.attribute).any(|section| {
            let text = std::str::from_utf8(&section.body).unwrap_or_default();
            match &self.holds {
                Some(pattern) => pattern.is_match(text),
                None => lines(&section.body) >= self.least,
            }
        })
    }
}

impl HasLines {
    fn filter(self, store: &dyn Store, attribute: &str) -> Filter {
        let condition = match &self.holds {
            Some(pattern) => Condition::Text(TextCondition::Matches(Arc::clone(pattern))),
            None => Condition::Number(Range { low: Bound::Included(self.least as f64), high: Bound::Unbounded }),
        };
        let name = store.names().intern(&added_name(attribute));
        Filter::Indexed(Box::new(Indexed {
            definition: Name::from(format!("lines of {attribute}")),
            indexed: Filter::Test(Test { name, instances: Instances::Any, condition }),
            otherwise: Filter::Check(Arc::new(self)),
        }))
    }
}

impl Question {
    fn random(dice: &mut Dice) -> Self {
        let order = (0..dice.roll(3)).map(|_| {
            let by = match dice.roll(5) {
                0 => AskedOrder::Id,
                1 => AskedOrder::Distance("a", random_place(dice)),
                _ => AskedOrder::Facet(dice.pick(ATTRIBUTES)),
            };
            AskedPart { by, descending: dice.chance(50), texts_by_length: dice.chance(50) }
        });
        let order = order.collect();
        Self { filter: Asked::random(dice, 3), order, limit: 1 + dice.roll(30) as usize, offset: dice.roll(5) as usize }
    }
}

impl Asked {
    pub(super) fn random(dice: &mut Dice, depth: u32) -> Self {
        let parts = |dice: &mut Dice| (0..2 + dice.roll(2)).map(|_| Self::random(dice, depth - 1)).collect();
        match dice.roll(if depth == 0 { 10 } else { 16 }) {
            0 => Self::Tag(dice.pick(TAGS)),
            1 => Self::Ids((0..3).map(|_| Name::from(format!("urn:{}", dice.roll(320)))).collect()),
            2 if dice.chance(50) => Self::IdMatches(dice.pick(&["1", "^urn:2", "9$"][..])),
            2 => Self::Sized(dice.roll(4) as usize),
            3 if dice.chance(20) => Self::All,
            4 if dice.chance(50) => {
                let holds = dice.chance(50).then(|| dice.pick(&["long.*river", "Aoi", "n 1", "urn:1"][..]));
                Self::Lined(dice.pick(&["a", "b", "c", "rare"]), 1 + dice.roll(3) as usize, holds)
            }
            10..=11 => Self::And(parts(dice)),
            12..=13 => Self::Or(parts(dice)),
            14..=15 => Self::Not(Box::new(Self::random(dice, depth - 1))),
            _ => Self::Test(dice.pick(ATTRIBUTES), dice.chance(50), random_condition(dice)),
        }
    }

    pub(super) fn filter(&self, store: &dyn Store) -> Filter {
        let test = |name, instances, condition| Filter::Test(Test { name, instances, condition });
        match self {
            Self::All => Filter::All,
            Self::And(parts) => Filter::And(parts.iter().map(|part| part.filter(store)).collect()),
            Self::Or(parts) => Filter::Or(parts.iter().map(|part| part.filter(store)).collect()),
            Self::Not(part) => Filter::Not(Box::new(part.filter(store))),
            Self::Ids(ids) => Filter::Ids(ids.clone()),
            Self::IdMatches(pattern) => Filter::IdMatches(Arc::new(Regex::new(pattern).expect("a good pattern"))),
            Self::Sized(least) => Filter::Check(Arc::new(HasSections(*least))),
            Self::Lined(attribute, least, holds) => {
                let holds = holds.map(|pattern| Arc::new(Regex::new(pattern).expect("a good pattern")));
                HasLines { attribute: store.names().intern(attribute), least: *least, holds }.filter(store, attribute)
            }
            Self::Tag(tag) => {
                let names = store.names();
                test(names.intern("@tag"), Instances::Any, Condition::Tag(names.intern(tag)))
            }
            Self::Test(attribute, any, condition) => {
                let key = key(store, attribute);
                let instances = if *any { Instances::Any } else { Instances::Only(key.instance) };
                test(key.name, instances, condition.clone())
            }
        }
    }
}

fn random_condition(dice: &mut Dice) -> Condition {
    match dice.roll(8) {
        0 => Condition::Exists,
        1 => Condition::Flag(dice.chance(50)),
        2 | 3 => Condition::Number(random_range(dice, |dice| dice.roll(20) as f64 / 2.0 - 2.0)),
        4 => Condition::Time(random_range(dice, |dice| Timestamp::from_micros(dice.roll(10) as i64))),
        5 if dice.chance(50) => {
            let pattern = dice.pick(&["river", "^Aoi", "街$", "long.*Aoi"]);
            Condition::Text(TextCondition::Matches(Arc::new(Regex::new(pattern).expect("a good pattern"))))
        }
        5 => Condition::Text(TextCondition::Range(random_range(dice, |dice| random_text(dice).into_boxed_str()))),
        6 => Condition::Link(vec![Name::from(format!("urn:{}", dice.roll(20))), "urn:3".into()]),
        _ => Condition::Geometry(Arc::new(random_geo_condition(dice))),
    }
}

fn random_range<T: Clone + PartialOrd>(dice: &mut Dice, value: impl Fn(&mut Dice) -> T) -> Range<T> {
    let bound = |dice: &mut Dice| match dice.roll(3) {
        0 => Bound::Included(value(dice)),
        1 => Bound::Excluded(value(dice)),
        _ => Bound::Unbounded,
    };
    match dice.chance(40) {
        true => Range::exactly(value(dice)),
        false => Range { low: bound(dice), high: bound(dice) },
    }
}

fn random_geo_condition(dice: &mut Dice) -> GeoCondition {
    let relation = match dice.chance(50) {
        true => GeoRelation::Near {
            least: dice.chance(30).then(|| dice.roll(50_000) as f64),
            most: dice.chance(80).then(|| dice.roll(100_000) as f64),
        },
        false => GeoRelation::Spatial(dice.pick(&SpatialRelation::ALL)),
    };
    let mut place = geometry(&random_place(dice));
    while place.is_none() {
        place = geometry(&random_place(dice));
    }
    GeoCondition { relation, geometry: place.expect("the loop ended with a place") }
}

async fn compare(tested: &dyn Store, reference: &dyn Store, question: &Question, seed: u64) {
    let mut mine = Vec::new();
    let mut theirs = Vec::new();
    for (store, ids) in [(tested, &mut mine), (reference, &mut theirs)] {
        let mut find = find(store, question);
        let view = store.view();
        let count = view.count(find.clone()).await.expect("counted");
        ids.push(count.to_string());
        loop {
            let found: Found = view.find(find.clone()).await.expect("found");
            ids.extend(found.rows.iter().map(|row| row.document.id.to_string()));
            let Some(last) = found.rows.last().filter(|_| found.more) else { break };
            find.after = Some(last.cursor.clone());
            find.offset = 0;
        }
    }
    assert_eq!(mine, theirs, "seed {seed}: {question:?}");
}

fn find(store: &dyn Store, question: &Question) -> Find {
    let order = question.order.iter().map(|part| {
        let facet = |attribute: &str| {
            let key = key(store, attribute);
            (key.name, Instances::Only(key.instance))
        };
        let by = match &part.by {
            AskedOrder::Id => OrderBy::Id,
            AskedOrder::Facet(attribute) => {
                let (name, instances) = facet(attribute);
                OrderBy::Facet { name, instances }
            }
            AskedOrder::Distance(attribute, from) => {
                let (name, instances) = facet(attribute);
                match geometry(from) {
                    Some(from) => OrderBy::Distance { name, instances, from },
                    None => OrderBy::Id,
                }
            }
        };
        let texts = part.texts_by_length.then(|| Arc::new(ByLength) as Arc<dyn CompareTexts>);
        Order { by, descending: part.descending, texts }
    });
    let order = order.collect();
    let filter = question.filter.filter(store);
    Find {
        order,
        limit: question.limit,
        offset: question.offset,
        ..Find::new(TenantId::default_tenant(), THINGS, filter)
    }
}
