//! Entities that were flattened to a row, as the Smart Data Models publish their examples in CSV:
//! the column `address__addressCountry_` holds what is in the path `address/addressCountry`.

use std::borrow::Cow;
use std::collections::HashSet;

use machi_types::Json;
use machi_types::json::{self, DEFAULT_DEPTH, Members};

use crate::mapping::recognised;
use crate::row::quoted;
use crate::{Encoding, RowError};

/// Beyond these, a header is of no entity that somebody flattened.
const MOST_COLUMNS: usize = 2000;
const DEEPEST: usize = 32;

/// The paths of the columns.
#[derive(Debug)]
pub(crate) struct Paths(Vec<Vec<String>>);

impl Paths {
    /// The paths of a header whose every name is one, those of the id and the type among them.
    pub(crate) fn of(names: &[String]) -> Option<Self> {
        let has = |name: &str| names.iter().any(|column| column == name);
        if !has("id_") || !has("type_") || names.len() > MOST_COLUMNS {
            return None;
        }
        names.iter().map(|name| path(name)).collect::<Option<_>>().map(Self)
    }

    /// The entity of a row. A member whose cells are all empty is not there; otherwise an empty cell is an empty text.
    pub(crate) fn entity(&self, fields: &[Vec<u8>], encoding: Encoding) -> Result<Json<'static>, RowError> {
        let texts = fields.iter().map(|field| encoding.decode(field)).collect::<Result<Vec<_>, _>>()?;
        let cells = || self.0.iter().zip(texts.iter().map(|text| text.trim()));
        let there: HashSet<&str> =
            cells().filter(|(_, text)| !text.is_empty()).filter_map(|(path, _)| member(path)).collect();
        let mut entity = Json::Object(Vec::new());
        for (path, text) in cells() {
            let is_there = member(path).is_some_and(|member| there.contains(member));
            let is_item = path.last().is_some_and(|last| is_number(last));
            if is_there && !(is_item && text.is_empty()) {
                put(&mut entity, path, value(text))?;
            }
        }
        Ok(with_lists(entity))
    }
}

/// The member of the entity into which a path leads.
fn member(path: &[String]) -> Option<&str> {
    path.first().map(String::as_str)
}

/// Whether a step counts the items of a list.
fn is_number(step: &str) -> bool {
    step.bytes().all(|byte| byte.is_ascii_digit())
}

/// The steps of `a__b_`.
fn path(column: &str) -> Option<Vec<String>> {
    let steps: Vec<String> = column.strip_suffix('_')?.split("__").map(str::to_owned).collect();
    (steps.len() <= DEEPEST && steps.iter().all(|step| !step.is_empty())).then_some(steps)
}

/// A list or an object in JSON, or what else a cell looks like.
fn value(text: &str) -> Json<'static> {
    let nested = text.starts_with(['[', '{']).then(|| json::parse(text.as_bytes(), DEFAULT_DEPTH).ok()).flatten();
    nested.map_or_else(|| recognised(text), Json::into_owned)
}

/// Puts a value where its path leads.
fn put(entity: &mut Json<'static>, path: &[String], value: Json<'static>) -> Result<(), RowError> {
    let mut place = entity;
    for step in path {
        let Json::Object(members) = place else { return Err(taken(path)) };
        let index = members.iter().position(|(name, _)| name == step).unwrap_or_else(|| {
            members.push((Cow::Owned(step.clone()), Json::Object(Vec::new())));
            members.len() - 1
        });
        place = &mut members[index].1;
    }
    if !matches!(place, Json::Object(members) if members.is_empty()) {
        return Err(taken(path));
    }
    *place = value;
    Ok(())
}

fn taken(path: &[String]) -> RowError {
    let column = quoted(&format!("{}_", path.join("__")));
    RowError::new(
        (
            format!("column {column} and another one hold the same member"),
            format!("列{column}と別の列が同じメンバーを表しています"),
        ),
        ("one column for each member", "1つのメンバーにつき1列にしてください"),
    )
}

/// The value with its lists, whose members are numbered.
fn with_lists(value: Json<'static>) -> Json<'static> {
    let Json::Object(members) = value else { return value };
    let is_list = !members.is_empty() && members.iter().all(|(name, _)| is_number(name));
    let members: Members<'static> = members.into_iter().map(|(name, value)| (name, with_lists(value))).collect();
    if is_list { Json::Array(members.into_iter().map(|(_, value)| value).collect()) } else { Json::Object(members) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths(names: &[&str]) -> Option<Paths> {
        Paths::of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    fn entity(cells: &[(&str, &str)]) -> Result<String, String> {
        let paths = paths(&cells.iter().map(|(name, _)| *name).collect::<Vec<_>>()).unwrap();
        let fields: Vec<Vec<u8>> = cells.iter().map(|(_, cell)| cell.as_bytes().to_vec()).collect();
        paths.entity(&fields, Encoding::Utf8).map(|entity| entity.to_text()).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_and_lists_come_back() {
        let cells = [
            ("id_", "urn:x:1"),
            ("type_", "T"),
            ("location__type_", "Point"),
            ("location__coordinates__0_", "-2.5"),
            ("location__coordinates__1_", "42"),
            ("code_", "007"),
            ("empty__a_", " "),
            ("source__type_", "Property"),
            ("source__value_", ""),
            ("tags_", "[\"a\",1]"),
            ("note_", "{a"),
        ];
        let expected = concat!(
            r#"{"id":"urn:x:1","type":"T","location":{"type":"Point","coordinates":[-2.5,42]},"#,
            r#""code":"007","source":{"type":"Property","value":""},"tags":["a",1],"note":"{a"}"#
        );
        assert_eq!(entity(&cells), Ok(expected.to_owned()));
    }

    #[test]
    fn columns_that_hold_the_same_are_refused() {
        for other in ["a_", "a__b_"] {
            let refused = entity(&[("id_", "urn:x:1"), ("type_", "T"), ("a_", "1"), (other, "2")]).unwrap_err();
            assert!(refused.contains("hold the same member"), "{refused}");
        }
    }

    #[test]
    fn other_headers_are_none_of_these() {
        for names in [&["id", "type"][..], &["id_", "a_"], &["id_", "type_", "a"], &["id_", "type_", "a____b_"]] {
            assert!(paths(names).is_none(), "{names:?}");
        }
        let deep = "a__".repeat(DEEPEST) + "a_";
        assert!(paths(&["id_", "type_", &deep]).is_none());
    }

    proptest! {
        #[test]
        fn any_row_is_judged(names in prop::collection::vec("[a01_]{1,8}_", 0..6), cell in ".{0,8}") {
            let mut all = vec!["id_".to_owned(), "type_".to_owned()];
            all.extend(names);
            if let Some(paths) = Paths::of(&all) {
                let fields = vec![cell.into_bytes(); all.len()];
                let _ = paths.entity(&fields, Encoding::Utf8);
            }
        }
    }
}
