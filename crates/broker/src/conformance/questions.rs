//! Random questions in the query languages of the standard.

use std::fmt;

use machi_face::{Criteria, Selector};
use machi_model::context::ContextError;
use machi_model::entity::{CoreTerms, Terms};
use machi_model::query::{
    Coordinates, GeoParameters, GeoQuery, NameList, OrderBy, OrderParameters, Pattern, Q, Query, ScopeQuery,
    TypeExpression,
};
use machi_types::Name;

use super::dice::Dice;
use super::world::random_scalar;

/// A question as its parameters, and as what they mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    parameters: Vec<(&'static str, String)>,
    criteria: Criteria,
    order: Option<OrderBy>,
}

impl Question {
    /// Any of the parameters, `q` the most often.
    pub(super) fn random(dice: &mut Dice) -> Self {
        let mut question = Self::default();
        let mut selector = Selector::default();
        if dice.chance(30) {
            let types = dice.pick(&["A", "B", "C", "A,B", "(A;B)", "(A;C)|B", "*", "D", "(A|D);B"]);
            selector.types = Some(expanded(&TypeExpression::parse(question.note("type", types)).expect(types), types));
        }
        if dice.chance(8) {
            let pattern = dice.pick(&["Thing:1", "^urn:ngsi-ld:Thing:2", ":[0-4]$", "^urn:ngsi-ld:Thing:7$"]);
            selector.pattern = Some(Pattern::parse("idPattern", question.note("idPattern", pattern)).expect(pattern));
        }
        if dice.chance(8) {
            selector.ids = (0..8).map(|_| Name::from(format!("urn:ngsi-ld:Thing:{}", dice.roll(120)))).collect();
            question.note("id", &format!("{:?}", selector.ids));
        }
        question.criteria.selectors = vec![selector];
        if dice.chance(15) {
            let scopes =
                dice.pick(&["/x", "/x/y", "/x/#", "/#", "/+/y", "/x/+/w", "(/x/y;/v)", "/+/#", "/v|/x", "/n/#"]);
            question.criteria.scopes = Some(ScopeQuery::parse(question.note("scopeQ", scopes)).expect(scopes));
        }
        if dice.chance(10) {
            let names = dice.pick(&["a", "a,b", "unknown", "r,scope", "expiresAt,c"]);
            let list = NameList::parse("attrs", question.note("attrs", names)).expect(names);
            question.criteria.attributes = list.expand(&expand).expect(names).names;
        }
        if dice.chance(20) {
            question.place(dice);
        }
        if question.parameters.is_empty() || dice.chance(75) {
            question.condition(dice);
        }
        question
    }

    /// What it asks for.
    pub(super) fn criteria(&self) -> Criteria {
        self.criteria.clone()
    }

    /// `q`
    pub(super) fn q(&self) -> Option<&Query> {
        self.criteria.q.as_ref()
    }

    /// The same, its answer in an order.
    pub(super) fn ordered(mut self, dice: &mut Dice) -> Self {
        let terms: Vec<&str> = (0..=dice.roll(2)).map(|_| dice.pick(&ORDERS)).collect();
        let text = terms.join(",");
        let order = OrderBy::parse(&OrderParameters {
            order_by: Some(&text),
            order_from: Some(Coordinates::Text("[2,3]")),
            order_geometry: None,
            collation: None,
        });
        self.note("orderBy", &text);
        self.order =
            order.expect("the terms are right").map(|order| order.expand(&expand).expect("all names are known"));
        self
    }

    /// `orderBy`
    pub(super) fn order(&self) -> Option<&OrderBy> {
        self.order.as_ref()
    }

    fn note(&mut self, name: &'static str, text: &str) -> &str {
        self.parameters.push((name, text.to_owned()));
        self.parameters.last().map_or("", |(_, text)| text)
    }

    fn place(&mut self, dice: &mut Dice) {
        let georel = dice.pick(&[
            "near;maxDistance==150000",
            "near;minDistance==300000",
            "within",
            "contains",
            "intersects",
            "equals",
            "disjoint",
            "overlaps",
        ]);
        let (x, y) = (dice.roll(6), dice.roll(6));
        let (geometry, coordinates) = if dice.chance(50) {
            ("Point", format!("[{x},{y}]"))
        } else {
            ("Polygon", format!("[[[{x},{y}],[{},{y}],[{},{}],[{x},{}],[{x},{y}]]]", x + 3, x + 3, y + 3, y + 3))
        };
        let property = dice.pick(&["location", "place", "unknown"]);
        let geo = GeoQuery::parse(&GeoParameters {
            georel: Some(georel),
            geometry: Some(geometry),
            coordinates: Some(Coordinates::Text(&coordinates)),
            geoproperty: Some(property),
        });
        self.note("geo", &format!("{georel} {geometry}{coordinates} of {property}"));
        self.criteria.geo = geo.expect(georel).map(|geo| geo.expand(&expand).expect(georel));
    }

    fn condition(&mut self, dice: &mut Dice) {
        let text = random_q(dice, 2);
        let q = Q::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.note("q", &text);
        self.criteria.q = Some(q.expand(&expand).unwrap_or_else(|error| panic!("{text}: {error}")));
    }
}

const ORDERS: [&str; 16] = [
    "a",
    "a;desc",
    "b",
    "b;desc",
    "c",
    "d;desc",
    "level",
    "level;desc",
    "word;desc",
    "id;desc",
    "createdAt;desc",
    "a.s",
    "a[k];desc",
    "type",
    "location;dist-asc",
    "place;dist-desc",
];

fn expand(name: &str) -> Result<Name, ContextError> {
    CoreTerms.expand(name)
}

fn expanded(types: &TypeExpression<machi_model::query::Word>, text: &str) -> TypeExpression {
    types.expand(&expand).expect(text)
}

fn random_q(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 || dice.chance(50) {
        return random_term(dice);
    }
    let sign = dice.pick(&[";", "|"]);
    let parts: Vec<String> = (0..2).map(|_| format!("({})", random_q(dice, depth - 1))).collect();
    parts.join(sign)
}

fn random_term(dice: &mut Dice) -> String {
    let path = random_path(dice);
    match dice.roll(12) {
        0 => path,
        1 => format!("!{path}"),
        2..5 => format!("{path}=={}", random_operand(dice)),
        5..8 => format!("{path}!={}", random_operand(dice)),
        8 | 9 => format!("{path}{}{}", dice.pick(&["<", "<=", ">", ">="]), random_comparable(dice)),
        10 => format!("{path}~={}", random_pattern(dice)),
        _ => format!("{path}!~={}", random_pattern(dice)),
    }
}

fn random_path(dice: &mut Dice) -> String {
    let name = dice.pick(&["a", "b", "c", "d"]);
    match dice.roll(25) {
        20 => "a.s".to_owned(),
        21 => "b.s".to_owned(),
        22 => dice.pick(&["a.observedAt", "b.expiresAt", "a.unitCode"]).to_owned(),
        23 | 24 => dice.pick(&["a[k]", "b[k]", "a[m.n]", "c[en]", "d[*]"]).to_owned(),
        0..11 => name.to_owned(),
        11 => dice.pick(&["r", "location", "unknown"]).to_owned(),
        12 => format!("{name}.{}", dice.pick(&["s", "s", "t"])),
        13 => format!("{name}.{}", dice.pick(&["observedAt", "modifiedAt", "expiresAt", "datasetId", "unknown"])),
        14 => format!("{name}[{}]", dice.pick(&["k", "m.n", "en", "*", "ja"])),
        15 => dice.pick(&["createdAt", "modifiedAt", "expiresAt", "id", "type", "scope", "unitCode"]).to_owned(),
        16 | 17 => format!("r{{{name}}}"),
        18 => format!("r{{{}:{name}}}", dice.pick(&["A", "B", "A,C"])),
        _ => format!("r{{r{{{name}}}}}"),
    }
}

fn random_comparable(dice: &mut Dice) -> String {
    match dice.roll(3) {
        0 => dice.pick(&["2020-01-01T00:00:00Z", "2020-06-01", "12:00:00Z", "2020-01-01T00:00:00.25Z"]).to_owned(),
        _ => loop {
            let scalar = random_scalar(dice);
            if scalar != "true" && scalar != "false" {
                break scalar;
            }
        },
    }
}

fn random_operand(dice: &mut Dice) -> String {
    match dice.roll(12) {
        0 => dice.pick(&["0..2", "2..9007199254740992", r#""a".."red""#, "2020-01-01..2020-12-31"]).to_owned(),
        1 => dice
            .pick(&[
                "2019-01-01T00:00:00Z..2020-01-01T00:00:00.4Z",
                "11:00:00Z..12:00:00Z",
                r#""2020-01-01T00:00:00Z".."b""#,
            ])
            .to_owned(),
        2 => format!("{},{}", random_scalar(dice), random_scalar(dice)),
        3 => dice
            .pick(&["urn:x:1", "https://uri.etsi.org/ngsi-ld/default-context/red", "urn:ngsi-ld:Thing:3"])
            .to_owned(),
        4 => format!("\"urn:ngsi-ld:Thing:{}\"", dice.roll(90)),
        5 => random_comparable(dice),
        _ => random_scalar(dice),
    }
}

fn random_pattern(dice: &mut Dice) -> String {
    dice.pick(&["red", "^red$", "^R.*e$", "\"(red|blue)\"", "2020", "^2020-01-01T00:00:00Z$", "e", "in red$", "CEL"])
        .to_owned()
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.parameters {
            write!(f, "{name}={value} ")?;
        }
        Ok(())
    }
}
