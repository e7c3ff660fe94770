//! What a header tells of a file: a mapping, where it names each entity's id and type, or a mapping to begin with.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::BufRead;

use machi_types::{Json, Language};

use crate::csv::{Records, delimiter_of};
use crate::encoding::Judged;
use crate::lines::Lines;
use crate::moment::Zone;
use crate::rows::{OpenError, parsed_features};
use crate::{Encoding, Format, Mapping, RowError, cell, moment};

/// What there is nothing to tell of.
const EMPTY: (&str, &str) = ("the file is empty", "ファイルが空です");
/// How many rows are looked at.
const SAMPLES: usize = 100;

const LONGITUDES: &[&str] = &["経度", "lon", "lng", "long", "longitude", "stop_lon", "x"];
const LATITUDES: &[&str] = &["緯度", "lat", "latitude", "stop_lat", "y"];
const IDS: &[&str] = &["id", "@id", "stop_id", "ＩＤ", "識別子", "番号", "no", "no."];

/// English names for columns that Japanese open data has everywhere.
const NAMES: &[(&str, &str)] = &[
    ("名称", "name"),
    ("名称_カナ", "nameKana"),
    ("名称_英字", "nameEnglish"),
    ("施設名", "name"),
    ("住所", "address"),
    ("所在地", "address"),
    ("所在地_連結表記", "address"),
    ("電話番号", "telephone"),
    ("備考", "note"),
    ("設置位置", "placement"),
    ("日時", "dateObserved"),
    ("日付", "date"),
    ("河川名", "riverName"),
];

/// The first record of a CSV.
pub(crate) struct Header {
    /// The names as the file has them.
    pub(crate) written: Vec<String>,
    /// A name of its own for each column, so that a mapping can name every one.
    pub(crate) names: Vec<String>,
}

/// Writes a mapping to begin with, from the columns or properties of a file and some of its rows; of its beginning, too.
/// Where the encoding is not told, the rows tell it.
pub fn propose(reader: Box<dyn BufRead>, format: Format, encoding: Option<Encoding>) -> Result<String, OpenError> {
    match format {
        Format::Csv => {
            let mut lines = Lines::of_csv(reader);
            let Some(first) = lines.next()? else { return Err(OpenError::Header(EMPTY.into())) };
            let delimiter = delimiter_of(&first.bytes);
            lines.put_back(vec![first]);
            let mut records = Records::new(lines, delimiter);
            let mut encoding = Judged(encoding);
            let header = Header::read(&mut records, &mut encoding)?;
            Ok(header.proposal(&mut records, encoding))
        }
        Format::GeoJson => {
            let features: Vec<Json<'static>> = parsed_features(reader).take(SAMPLES).collect();
            let properties = features.iter().filter_map(|feature| feature.get("properties")?.as_object());
            let mut names: Vec<String> = Vec::new();
            for (name, _) in properties.flatten() {
                if !names.iter().any(|known| **known == **name) {
                    names.push(name.clone().into_owned());
                }
            }
            let text = |value: &Json<'_>| value.as_str().map_or_else(|| value.to_text(), str::to_owned);
            let of = |name: &str| {
                features.iter().filter_map(|feature| Some(text(feature.get("properties")?.get(name)?))).collect()
            };
            let samples = names.iter().map(|name| of(name)).collect();
            Ok(write(&names, samples))
        }
        Format::Json | Format::Ndjson => Err(OpenError::Header(
            ("entities in JSON need no mapping", "JSONのエンティティに対応表は必要ありません").into(),
        )),
    }
}

impl Header {
    pub(crate) fn read(records: &mut Records, encoding: &mut Judged) -> Result<Self, OpenError> {
        let refused = |error: RowError| {
            let [en, ja] = [Language::English, Language::Japanese].map(|language| {
                format!("{}; {}", error.wrong.in_language(language), error.right.in_language(language))
            });
            let told = (format!("the header cannot be read: {en}"), format!("見出しを読めません: {ja}"));
            OpenError::Header(told.into())
        };
        let record = records.next()?.ok_or_else(|| OpenError::Header(EMPTY.into()))?;
        let fields = record.fields.map_err(refused)?;
        let encoding = encoding.by(&fields);
        let names = fields.iter().map(|field| encoding.decode(field).map(|name| name.trim().to_owned()));
        Ok(Self::new(names.collect::<Result<_, _>>().map_err(refused)?))
    }

    fn new(written: Vec<String>) -> Self {
        let names = distinct(&written);
        Self { written, names }
    }

    /// The mapping of a file whose columns are called as an entity's members are.
    pub(crate) fn mapping(&self) -> Option<Mapping> {
        let id = self.named(&["id", "@id"])?;
        let kind = self.named(&["type", "@type"])?;
        // A column that is called so itself is the location; a longitude and a latitude beside it stay what they are.
        let has_location = self.names.iter().any(|name| name == "location");
        let point = self.named(LONGITUDES).zip(self.named(LATITUDES)).filter(|_| !has_location);
        let mut text = format!("id = {}\ntype = {}\n", quoted(&format!("{{{id}}}")), quoted(&format!("{{{kind}}}")));
        let in_point = |name: &str| point.is_some_and(|(longitude, latitude)| name == longitude || name == latitude);
        let mut taken = BTreeSet::new();
        for name in self.names.iter().filter(|name| *name != id && *name != kind && !in_point(name)) {
            let attribute = attribute_name(name, &mut taken);
            let _ = write!(text, "[attributes.{}]\ncolumn = {}\nkind = \"auto\"\n", quoted(&attribute), quoted(name));
        }
        if let Some((longitude, latitude)) = point {
            text.push_str(&point_text(longitude, latitude));
        }
        Mapping::parse(&text).ok()
    }

    /// A mapping to begin with.
    pub(crate) fn proposal(&self, records: &mut Records, mut encoding: Judged) -> String {
        let mut samples: Vec<Vec<String>> = vec![Vec::new(); self.names.len()];
        for _ in 0..SAMPLES {
            let Ok(Some(record)) = records.next() else { break };
            let Ok(fields) = record.fields else { continue };
            let encoding = encoding.by(&fields);
            for (sample, field) in samples.iter_mut().zip(&fields) {
                sample.extend(encoding.decode(field).ok().map(|text| text.trim().to_owned()));
            }
        }
        write(&self.names, samples)
    }

    fn named(&self, names: &[&str]) -> Option<&str> {
        find(&self.names, names)
    }
}

/// The second column that is called `a` is `a_2`; one without a name has that of its place, `column_3`.
fn distinct(written: &[String]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let name_of = |(index, name): (usize, &String)| {
        let base = if name.is_empty() { format!("column_{}", index + 1) } else { name.clone() };
        // A number never takes the name that another column was given.
        let is_free = |candidate: &String| !written.contains(candidate) && !taken.contains(candidate);
        let is_first = *name == base && !taken.contains(&base);
        let numbered = || (2_usize..).map(|number| format!("{base}_{number}"));
        let given = if is_first || is_free(&base) { Some(base.clone()) } else { numbered().find(is_free) };
        let given = given.unwrap_or_default();
        taken.insert(given.clone());
        given
    };
    written.iter().enumerate().map(name_of).collect()
}

fn find<'a>(all: &'a [String], names: &[&str]) -> Option<&'a str> {
    let matching = |name: &&str| all.iter().find(|column| column.eq_ignore_ascii_case(name));
    names.iter().find_map(matching).map(String::as_str)
}

fn write(names: &[String], samples: Vec<Vec<String>>) -> String {
    let id = find(names, IDS).or_else(|| names.first().map(String::as_str));
    // Rows that share an id would take each other's place; their numbers differ.
    let id = id.filter(|id| names.iter().zip(&samples).any(|(name, sample)| name == *id && are_distinct(sample)));
    let point = find(names, LONGITUDES).zip(find(names, LATITUDES));
    let mut text = format!(
        "# Each row is an entity. {{column}} stands for the value of that column, {{#}} for the row's number. / 1行が1つのエンティティ。{{列名}}はその列の値、{{#}}は行の番号\nid = {}\n# Name what the rows are: AED, EvacuationShelter, GtfsStop. / 行が何を表すか\ntype = \"Thing\"\n# Cells that say nothing. / 値なしとみなすセル\nempty = [\"-\", \"--\", \"---\"]\n# The zone in which times without one are meant. / 時差のない日時の時間帯\ntime_zone = \"Asia/Tokyo\"\n\n",
        quoted(&format!("urn:ngsi-ld:Thing:{{{}}}", id.unwrap_or("#")))
    );
    let mut taken = BTreeSet::new();
    if let Some((longitude, latitude)) = point {
        text.push_str(&point_text(longitude, latitude));
        text.push('\n');
        taken.insert("location".to_owned());
    }
    let in_point = |name: &str| point.is_some_and(|(longitude, latitude)| name == longitude || name == latitude);
    for (name, sample) in names.iter().zip(samples) {
        if in_point(name) || id == Some(name.as_str()) {
            continue;
        }
        let attribute = attribute_name(name, &mut taken);
        let _ = writeln!(text, "[attributes.{}]\ncolumn = {}", quoted(&attribute), quoted(name));
        if let Some(kind) = kind_of(name, &sample) {
            let _ = writeln!(text, "kind = \"{kind}\"");
        }
        text.push('\n');
    }
    text
}

fn are_distinct(sample: &[String]) -> bool {
    let mut seen = BTreeSet::new();
    sample.iter().all(|value| !value.is_empty() && seen.insert(value))
}

fn point_text(longitude: &str, latitude: &str) -> String {
    format!("[attributes.location]\nlongitude = {}\nlatitude = {}\n", quoted(longitude), quoted(latitude))
}

/// What all values of a column are; none for texts.
fn kind_of(name: &str, sample: &[String]) -> Option<&'static str> {
    let values: Vec<&str> =
        sample.iter().map(String::as_str).filter(|text| !text.is_empty() && !text.starts_with("--")).collect();
    let all = |is_one: &dyn Fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| is_one(value));
    // Codes look like numbers and are names.
    let is_code = ["コード", "番号", "code", "ID", "id"].iter().any(|word| name.contains(word));
    if !is_code && all(&|text| looks_like_number(text)) {
        Some("number")
    } else if all(&|text| cell::boolean(text).is_ok()) && !is_code {
        Some("boolean")
    } else if all(&|text| moment::day(text).is_ok()) && !is_code {
        Some("date")
    } else if all(&|text| Zone::default().instant(text).is_ok()) && !is_code {
        Some("time")
    } else {
        None
    }
}

/// A number that is written as one: `007` is a name.
pub(crate) fn looks_like_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    !has_leading_zero && cell::number(text).is_ok()
}

/// The name of a column as the name of an attribute (ETSI GS CIM 009 §4.6.2), different from those before.
fn attribute_name(column: &str, taken: &mut BTreeSet<String>) -> String {
    let known = NAMES.iter().find(|(japanese, _)| *japanese == column).map(|(_, english)| (*english).to_owned());
    let mut name = known.unwrap_or_else(|| {
        let plain: String = column.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        plain.trim_matches('_').to_owned()
    });
    if !name.starts_with(char::is_alphabetic) || ["id", "type", "scope"].contains(&name.as_str()) {
        name.insert_str(0, "column_");
    }
    let base = name.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}_{number}");
        number += 1;
    }
    name
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proposed(text: &str) -> String {
        let reader = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let format = if text.starts_with('{') { Format::GeoJson } else { Format::Csv };
        propose(reader, format, Some(Encoding::Utf8)).unwrap()
    }

    #[test]
    fn a_proposal_is_a_mapping_that_fits_the_file() {
        let text =
            proposed("ID,名称,緯度,経度,水位,郵便番号,日時,開設\n1,駅,36.1,136.2,1.5,0910001,2025-10-04T24:00,有\n");
        for expected in [
            "id = \"urn:ngsi-ld:Thing:{ID}\"",
            "[attributes.\"name\"]\ncolumn = \"名称\"\n",
            "[attributes.location]\nlongitude = \"経度\"\nlatitude = \"緯度\"\n",
            "[attributes.\"水位\"]\ncolumn = \"水位\"\nkind = \"number\"",
            "[attributes.\"郵便番号\"]\ncolumn = \"郵便番号\"\n\n",
            "[attributes.\"dateObserved\"]\ncolumn = \"日時\"\nkind = \"time\"",
            "kind = \"boolean\"",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        Mapping::parse(&text).unwrap();
    }

    #[test]
    fn rows_without_ids_of_their_own_are_numbered() {
        for text in ["名称\n駅\n駅\n", "ID,名称\n1,駅\n,公園\n"] {
            let text = proposed(text);
            assert!(text.contains("id = \"urn:ngsi-ld:Thing:{#}\"\n"), "{text}");
            assert!(text.contains("[attributes.\"name\"]\ncolumn = \"名称\"\n"), "{text}");
        }
    }

    #[test]
    fn the_properties_of_features_are_proposed_too() {
        let text = proposed(
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":{"id":7,"a":1}},{"properties":{"b":"x"}}]}"#,
        );
        assert!(text.contains("column = \"a\"\nkind = \"number\"") && text.contains("column = \"b\""), "{text}");
    }

    #[test]
    fn columns_of_one_name_or_none_have_names_of_their_own() {
        let named = |names: &[&str]| distinct(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(named(&["a", "a", "a_2", "a"]), ["a", "a_3", "a_2", "a_4"]);
        assert_eq!(named(&["", "b", "", "column_1"]), ["column_1_2", "b", "column_3", "column_1"]);
        let text = proposed("id,電話,電話,\n1,0761-1,0761-2,x\n");
        for column in ["電話", "電話_2", "column_4"] {
            assert!(text.contains(&format!("[attributes.\"{column}\"]\ncolumn = \"{column}\"\n")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_column_has_a_name_that_no_other_has(names in prop::collection::vec("(a|b)?(_[23])?|column_[1-3]", 0..8)) {
            let given = distinct(&names);
            prop_assert_eq!(given.len(), names.len());
            prop_assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), names.len(), "{:?}", given);
            for (index, name) in names.iter().enumerate() {
                let is_first = !name.is_empty() && names.iter().position(|one| one == name) == Some(index);
                prop_assert!(!is_first || given[index] == *name, "{:?}", given);
            }
        }

        #[test]
        fn any_header_has_a_proposal(names in prop::collection::vec("[^\\p{C}\\s]{1,6}", 1..6)) {
            let header = Header::new(names);
            let mut records = Records::new(Lines::of_csv(Box::new(std::io::empty())), b',');
            let text = header.proposal(&mut records, Judged(None));
            let braces = header.names.iter().any(|name| name.contains(['{', '}']));
            prop_assert!(braces || Mapping::parse(&text).is_ok(), "{}", text);
        }
    }
}
