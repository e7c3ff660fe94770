//! A query in a body (ETSI GS CIM 009 §5.2.23, §5.2.13, §5.2.33, §5.2.43).

use machi_http::{Problem, Text};
use machi_model::query::{Coordinates, GeoParameters, OrderParameters};
use machi_types::Json;
use machi_types::json::Members;

use crate::wanted::{List, Wanted, WantedSelector, bad, list_member, text_member, wrong_kind};

/// Checks that the body is a query and holds nothing but these members.
pub fn check(json: &Json<'_>, known: &[&str]) -> Result<(), Problem> {
    let Some(members) = json.as_object() else {
        return Err(bad(Text::both(
            format!("a query is a JSON object, and the body is {}", json.kind()),
            "検索条件はJSONオブジェクトでなければなりません",
        )));
    };
    if json.get("type").and_then(Json::as_str) != Some("Query") {
        return Err(bad(Text::both(
            "the member \"type\" of a query must be \"Query\"",
            "検索条件の\"type\"は\"Query\"でなければなりません",
        )));
    }
    refuse_unknown(members, known)
}

fn refuse_unknown(members: &Members<'_>, known: &[&str]) -> Result<(), Problem> {
    let unknown = members.iter().map(|(name, _)| &**name).find(|name| !known.contains(name));
    unknown.map_or(Ok(()), |name| Err(unknown_member(name, known)))
}

fn unknown_member(name: &str, known: &[&str]) -> Problem {
    let name: String = name.chars().take(60).collect();
    let near = machi_http::spelling::nearest(&name, known.iter().copied());
    let hint = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    bad(Text::both(
        format!("this query does not know the member \"{name}\"{hint}"),
        format!("検索条件でメンバー\"{name}\"は使えません"),
    ))
}

/// What the query selects.
pub fn wanted<'a>(json: &'a Json<'_>, local: Option<bool>) -> Result<Wanted<'a>, Problem> {
    Ok(Wanted {
        selectors: selectors(json)?,
        attrs: list_member(json, "attrs")?,
        q: text_member(json, "q")?,
        expand_values: text_member(json, "expandValues")?,
        json_keys: text_member(json, "jsonKeys")?,
        geo: place(json)?,
        scope_q: text_member(json, "scopeQ")?,
        csf: text_member(json, "csf")?,
        local,
        ..Wanted::default()
    })
}

/// A member that is true or false.
pub fn flag_member(json: &Json<'_>, member: &str) -> Result<Option<bool>, Problem> {
    match json.get(member) {
        None => Ok(None),
        Some(Json::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(wrong_kind(member, "true or false", "trueまたはfalse", other)),
    }
}

fn selectors<'a>(json: &'a Json<'_>) -> Result<Vec<WantedSelector<'a>>, Problem> {
    let Some(entities) = json.get("entities") else { return Ok(Vec::new()) };
    let items = match entities.as_array() {
        Some(items) if !items.is_empty() => items,
        _ => {
            return Err(wrong_kind(
                "entities",
                "an array of one or more objects",
                "1つ以上のオブジェクトの配列",
                entities,
            ));
        }
    };
    items.iter().map(selector).collect()
}

fn selector<'a>(json: &'a Json<'_>) -> Result<WantedSelector<'a>, Problem> {
    let Some(members) = json.as_object() else {
        return Err(wrong_kind("entities", "an array of one or more objects", "1つ以上のオブジェクトの配列", json));
    };
    refuse_unknown(members, &["id", "idPattern", "type"])?;
    let ids = match json.get("id") {
        Some(Json::String(id)) => List::Items(vec![id]),
        _ => list_member(json, "id")?,
    };
    let pattern = text_member(json, "idPattern")?;
    let types = text_member(json, "type")?;
    if types.is_none() {
        return Err(bad(Text::both(
            "each of \"entities\" names a type, or \"*\" for all that are held here",
            "\"entities\"の各要素には\"type\"が必要です(すべての型は\"*\")",
        )));
    }
    // §5.2.33: "id takes precedence over idPattern".
    Ok(WantedSelector { types, ids, pattern, id_decides: true })
}

fn place<'a>(json: &'a Json<'_>) -> Result<GeoParameters<'a>, Problem> {
    const KNOWN: [&str; 4] = ["coordinates", "geometry", "geoproperty", "georel"];
    let Some(geo) = object_member(json, "geoQ", &KNOWN)? else { return Ok(GeoParameters::default()) };
    let Some(georel) = text_member(geo, "georel")? else {
        return Err(bad(Text::both(
            "geoQ: georel is missing; a geoquery has georel, geometry and coordinates",
            "geoQにはgeorel、geometry、coordinatesが必要です",
        )));
    };
    Ok(GeoParameters {
        georel: Some(georel),
        geometry: text_member(geo, "geometry")?,
        coordinates: geo.get("coordinates").map(Coordinates::Json),
        geoproperty: text_member(geo, "geoproperty")?,
    })
}

/// How its entities are ordered: the terms of `orderBy` joined, the rest as parameters.
pub fn ordering<'a>(json: &'a Json<'_>) -> Result<Option<Ordering<'a>>, Problem> {
    const KNOWN: [&str; 4] = ["collation", "coordinates", "geometry", "orderBy"];
    let Some(ordering) = object_member(json, "ordering", &KNOWN)? else { return Ok(None) };
    let terms = match list_member(ordering, "orderBy")? {
        List::Absent => None,
        list => Some(list.items().join(",")),
    };
    Ok(Some(Ordering {
        terms,
        from: ordering.get("coordinates"),
        geometry: text_member(ordering, "geometry")?,
        collation: text_member(ordering, "collation")?,
    }))
}

/// An order as it came in a body.
#[derive(Debug)]
pub struct Ordering<'a> {
    terms: Option<String>,
    from: Option<&'a Json<'a>>,
    geometry: Option<&'a str>,
    collation: Option<&'a str>,
}

impl Ordering<'_> {
    /// As parameters of a URL say it.
    pub fn parameters(&self) -> OrderParameters<'_> {
        OrderParameters {
            order_by: self.terms.as_deref(),
            order_from: self.from.map(Coordinates::Json),
            order_geometry: self.geometry,
            collation: self.collation,
        }
    }
}

/// A member that is an object with members of these names.
pub fn object_member<'a>(json: &'a Json<'a>, member: &str, known: &[&str]) -> Result<Option<&'a Json<'a>>, Problem> {
    match json.get(member) {
        None => Ok(None),
        Some(object @ Json::Object(members)) => refuse_unknown(members, known).map(|()| Some(object)),
        Some(other) => Err(wrong_kind(member, "an object", "オブジェクト", other)),
    }
}
