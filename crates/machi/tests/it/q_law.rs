//! The query language against an evaluator of its own, written from the text of §4.9 and sharing nothing with the
//! broker: random questions about random entities find just what it says.

mod naive;
mod random;

use random::Query;

use crate::kit::*;

const ENTITIES: u64 = 40;
const QUESTIONS: usize = 200;

// §4.9: Random questions about random entities find what an evaluator written from the clause says, for every operator, kind of value and kind of attribute.
#[test]
fn random_questions_find_what_the_clause_says() {
    for seed in [1, 2, 3] {
        let mut dice = Dice::new(seed);
        let tenant = tenant();
        let things: Vec<Value> = (0..ENTITIES).map(|n| random::entity(n, &mut dice)).collect();
        tenant.post("/entityOperations/create").json(json!(things)).send().expect_status(201);
        let mut telling = 0;
        for _ in 0..QUESTIONS {
            let (query, text) = random::query(2, &mut dice);
            let mut expected: Vec<String> = things.iter().filter(|thing| holds(&query, thing)).map(id_of).collect();
            expected.sort();
            let found = tenant.query(&[("type", "T"), ("q", &text), ("limit", "100"), ("pick", "id")]);
            assert_eq!(found, expected, "seed {seed}, q={text}\n{}", differing(&things, &found, &expected));
            telling += usize::from(!expected.is_empty() && expected.len() < things.len());
        }
        assert!(telling * 2 > QUESTIONS, "most questions tell entities apart, not just {telling}");
    }
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_default().to_owned()
}

/// §4.9: and asks for all of its parts, or for any.
fn holds(query: &Query, thing: &Value) -> bool {
    match query {
        Query::All(parts) => parts.iter().all(|part| holds(part, thing)),
        Query::Any(parts) => parts.iter().any(|part| holds(part, thing)),
        Query::Term(path, test) => naive::holds(thing, path, test),
    }
}

/// The first thing that one side found and the other did not.
fn differing(things: &[Value], found: &[String], expected: &[String]) -> String {
    let differs = |thing: &&Value| found.contains(&id_of(thing)) != expected.contains(&id_of(thing));
    things.iter().find(differs).map(Value::to_string).unwrap_or_default()
}
