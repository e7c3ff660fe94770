//! The body of an instance taken apart into columns, and put together again byte for byte.
//!
//! Where the columns cannot tell a body, the body itself goes along in a column of its own; whether they can is tried
//! with every body that comes. What is free in a row, such as how many digits a whole number is padded to, follows the
//! row before, so that it takes no room.

use std::sync::Arc;

use machi_model::entity::codec::Parts;
use machi_model::entity::render::{Output, write_entity};
use machi_model::entity::{
    Document, FullNames, Head, InstanceRef, Kind, NameRef, Observed, Section, encode_instance, parse_with_times,
    string_of,
};
use machi_types::{Json, Name, json};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::columns::at;

/// How many different sub-attributes are remembered, with what they are in JSON.
const MOST_REMEMBERED: usize = 4096;
/// How deep sub-attributes and their values nest at most.
const DEPTH: usize = 256;

/// Takes bodies apart, one row after the other.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    decimals: i32,
    digits: Option<i32>,
    subs: FxHashMap<Box<[u8]>, Option<Name>>,
    together: Together,
}

/// Puts bodies together.
#[derive(Debug, Default)]
pub(crate) struct Together {
    subs: FxHashMap<Name, Option<Arc<[u8]>>>,
}

/// Members that few instances have.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    object_type: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id_sealed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type_sealed: Option<String>,
}

impl Apart {
    /// Fills the columns of a row that stand for a body; those of its times are filled already.
    pub(crate) fn take(&mut self, body: &[u8], row: &mut [Cell]) {
        row[at::DECIMALS] = Cell::Int(self.decimals);
        row[at::OBSERVED_DIGITS] = self.digits.map_or(Cell::Null, Cell::Int);
        if let Ok(instance) = InstanceRef::read(body) {
            row[at::KIND] = Cell::Text(kind_name(instance.kind()));
            row[at::UNIT_CODE] = instance.unit_code().map_or(Cell::Null, |unit| Cell::Text(unit.into()));
            if row[at::DELETED_AT] == Cell::Null {
                self.take_value(&instance, row);
                self.take_observed(&instance, row);
            }
            row[at::DETAILS] = details_of(&instance).map_or(Cell::Null, |json| Cell::Text(json.into()));
            if let Some(subs) = instance.stored_attributes() {
                row[at::SUB_ATTRIBUTES] = self.subs(subs).map_or(Cell::Null, Cell::Text);
            }
        }
        if self.together.put(&|column| &row[column]).as_deref() != Some(body) {
            row[at::BODY] = Cell::Bytes(body.into());
        }
    }

    fn take_value(&mut self, instance: &InstanceRef<'_>, row: &mut [Cell]) {
        let value = instance.value();
        let text = || string_of(value).map_or(Cell::Null, |text| Cell::Text(Name::from(&*text)));
        let (column, cell) = match (instance.kind(), value.as_bytes().first()) {
            (Kind::Property, Some(b'"')) => (at::TEXT, text()),
            (Kind::Property, Some(b't' | b'f')) => (at::BOOLEAN, Cell::Flag(value == "true")),
            (Kind::Property, Some(b'-' | b'0'..=b'9')) => (at::NUMBER, self.take_number(value, row)),
            (Kind::GeoProperty, _) => (at::GEOMETRY, Cell::Text(value.into())),
            (Kind::Relationship | Kind::ListRelationship, Some(b'"')) => (at::OBJECT, text()),
            (Kind::Relationship | Kind::ListRelationship, _) => (at::OBJECT, Cell::Text(value.into())),
            _ => (at::JSON, Cell::Text(value.into())),
        };
        row[column] = cell;
    }

    fn take_number(&mut self, text: &str, row: &mut [Cell]) -> Cell {
        let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) else { return Cell::Null };
        if let Some((least, most)) = decimals_of(number, text)
            && !(least..=most).contains(&self.decimals)
        {
            self.decimals = least;
            row[at::DECIMALS] = Cell::Int(least);
        }
        Cell::Number(number.to_bits())
    }

    fn take_observed(&mut self, instance: &InstanceRef<'_>, row: &mut [Cell]) {
        let Some(observed) = instance.observed_at() else { return };
        let digits = i32::from(observed.digits());
        let told = self.digits == Some(digits) || (self.digits.is_none() && observed.own_digits().is_none());
        if !told {
            self.digits = observed.own_digits().map(i32::from);
            row[at::OBSERVED_DIGITS] = self.digits.map_or(Cell::Null, Cell::Int);
        }
    }

    /// Sub-attributes as JSON.
    fn subs(&mut self, stored: &[u8]) -> Option<Name> {
        if let Some(known) = self.subs.get(stored) {
            return known.clone();
        }
        let tries = [false, true].map(|with_times| json_of_subs(stored, with_times));
        let fits = |json: &&Option<String>| json.as_deref().and_then(subs_of_json).as_deref() == Some(stored);
        // Without times unless these are their own; where neither tells all, others read them without.
        let json = tries.iter().find(fits).unwrap_or(&tries[0]);
        let json = json.as_deref().map(Name::from);
        if self.subs.len() == MOST_REMEMBERED {
            self.subs.clear();
        }
        self.subs.insert(stored.into(), json.clone());
        json
    }
}

impl Together {
    /// The body that the columns of a row tell of; nothing where they tell of none.
    pub(crate) fn put<'r>(&mut self, row: &dyn Fn(usize) -> &'r Cell) -> Option<Vec<u8>> {
        match row(at::BODY) {
            Cell::Bytes(body) => return Some(body.to_vec()),
            Cell::Text(body) => return Some(body.as_bytes().to_vec()),
            _ => {}
        }
        let kind = Kind::from_type(row(at::KIND).as_text()?)?;
        let mut value = String::new();
        write_value(row, &mut value)?;
        let details = match row(at::DETAILS).as_text() {
            Some(json) => serde_json::from_str(json).ok()?,
            None => Details::default(),
        };
        let subs = match row(at::SUB_ATTRIBUTES).as_text() {
            Some(json) => Some(self.subs(json)?),
            None => None,
        };
        let parts = Parts {
            kind,
            value: &value,
            observed_at: observed(row),
            expires_at: details.expires_at.as_deref().and_then(|time| time.parse().ok()),
            unit_code: row(at::UNIT_CODE).as_text().map(Name::as_str),
            value_type: details.value_type.as_deref(),
            object_types: &details.object_type,
            sealed: (details.entity_id_sealed.as_deref(), details.entity_type_sealed.as_deref()),
            attributes: subs.as_deref(),
        };
        Some(parts.encode())
    }

    fn subs(&mut self, json: &Name) -> Option<Arc<[u8]>> {
        if let Some(known) = self.subs.get(json) {
            return known.clone();
        }
        let stored: Option<Arc<[u8]>> = subs_of_json(json).map(Arc::from);
        if self.subs.len() == MOST_REMEMBERED {
            self.subs.clear();
        }
        self.subs.insert(json.clone(), stored.clone());
        stored
    }
}

fn kind_name(kind: Kind) -> Name {
    thread_local! {
        static NAMES: [Name; 8] = Kind::ALL.map(|kind| Name::from(kind.as_str()));
    }
    NAMES.with(|names| names[kind as usize - 1].clone())
}

/// When a row was observed, with as many digits as were written.
fn observed<'r>(row: &dyn Fn(usize) -> &'r Cell) -> Option<Observed> {
    let time = row(at::OBSERVED_AT).as_time()?;
    let digits = row(at::OBSERVED_DIGITS).as_int().and_then(|digits| u8::try_from(digits).ok());
    Some(digits.and_then(|digits| Observed::with_digits(time, digits)).unwrap_or(time.into()))
}

/// Writes the value as JSON.
fn write_value<'r>(row: &dyn Fn(usize) -> &'r Cell, out: &mut String) -> Option<()> {
    if let Cell::Number(bits) = row(at::NUMBER) {
        write_number(f64::from_bits(*bits), row(at::DECIMALS).as_int().unwrap_or_default(), out);
    } else if let Cell::Text(text) = row(at::TEXT) {
        write_string(text, out);
    } else if let Cell::Flag(flag) = row(at::BOOLEAN) {
        out.push_str(if *flag { "true" } else { "false" });
    } else if let Cell::Text(object) = row(at::OBJECT) {
        if object.starts_with('[') { out.push_str(object) } else { write_string(object, out) }
    } else {
        out.push_str(row(at::GEOMETRY).as_text().or_else(|| row(at::JSON).as_text())?);
    }
    Some(())
}

fn write_string(text: &str, out: &mut String) {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    json::write_string(text, &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// Writes a number as short as can be, but with so many decimals at least.
fn write_number(number: f64, decimals: i32, out: &mut String) {
    use std::fmt::Write as _;
    let start = out.len();
    let _ = write!(out, "{number}");
    let own = decimals_in(out.get(start..).unwrap_or_default());
    if own == 0 && decimals > 0 {
        out.push('.');
    }
    (own..decimals).for_each(|_| out.push('0'));
}

fn decimals_in(text: &str) -> i32 {
    text.rfind('.').map_or(0, |point| (text.len() - point - 1) as i32)
}

/// With how many decimals at least, and at most, a number is written as this text; nothing where it never is.
fn decimals_of(number: f64, text: &str) -> Option<(i32, i32)> {
    let mut shortest = String::new();
    write_number(number, 0, &mut shortest);
    let own = decimals_in(&shortest);
    if shortest == text {
        return Some((0, own));
    }
    let told = decimals_in(text);
    let mut padded = String::new();
    write_number(number, told, &mut padded);
    (padded == text).then_some((told, told))
}

fn details_of(instance: &InstanceRef<'_>) -> Option<String> {
    let has_any = instance.expires_at().is_some()
        || instance.value_type().is_some()
        || instance.object_types().len() > 0
        || instance.sealed_id().is_some()
        || instance.sealed_type().is_some();
    if !has_any {
        return None;
    }
    let name = |name: NameRef<'_>| name.to_string();
    let details = Details {
        expires_at: instance.expires_at().map(|time| time.to_string()),
        value_type: instance.value_type().map(name),
        object_type: instance.object_types().map(name).collect(),
        entity_id_sealed: instance.sealed_id().map(str::to_owned),
        entity_type_sealed: instance.sealed_type().map(name),
    };
    serde_json::to_string(&details).ok()
}

/// What sub-attributes are members of while they are read and written.
const AROUND: &str = "urn:machi:around";

/// Sub-attributes as the members of a JSON object, normalized and with full names.
fn json_of_subs(stored: &[u8], with_times: bool) -> Option<String> {
    let parts = Parts {
        kind: Kind::Property,
        value: "0",
        observed_at: None,
        expires_at: None,
        unit_code: None,
        value_type: None,
        object_types: &[],
        sealed: (None, None),
        attributes: Some(stored),
    };
    let section = parts.encode();
    let head = Head { types: vec![AROUND.into()], ..Head::default() }.encode();
    let sections = [Section::new(AROUND, None, &section)];
    let output = Output { sys_attrs: with_times, ..Output::new(&FullNames) };
    let mut out = Vec::new();
    write_entity(&Document::new(AROUND, &head, &sections), &output, &mut out).ok()?;
    let entity = json::parse(&out, DEPTH).ok()?;
    let members = entity.get(AROUND)?.as_object()?.iter();
    let own = members.filter(|(name, _)| !matches!(&**name, "type" | "value" | "createdAt" | "modifiedAt"));
    let own: Vec<_> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    Some(Json::Object(own.into_iter().collect()).to_text())
}

/// The stored form of sub-attributes in JSON.
fn subs_of_json(members: &str) -> Option<Vec<u8>> {
    let members = members.strip_prefix('{')?.strip_suffix('}')?;
    let entity =
        format!(r#"{{"id":"{AROUND}","type":"{AROUND}","{AROUND}":{{"type":"Property","value":0,{members}}}}}"#);
    let parsed = json::parse(entity.as_bytes(), DEPTH).ok()?;
    let entity = parse_with_times(&parsed).ok()?;
    let section = encode_instance(entity.attribute(AROUND)?.instances.first()?);
    InstanceRef::read(&section).ok()?.stored_attributes().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests;
