//! Mappings of small rows, good and bad.

use proptest::prelude::*;

use super::*;

const HEADER: &[&str] = &["ID", "name", "name_en", "lat", "lon", "height", "at", "open", "code", "zone", "tags"];

const MAPPING: &str = r#"
id = "urn:ngsi-ld:Aed:{ID}"
type = "Aed"
scope = "/Fukui/{zone}"
empty = ["---"]
[attributes.name]
languages = { ja = "name", en = "name_en" }
[attributes.location]
longitude = "lon"
latitude = "lat"
[attributes.height]
column = "height"
kind = "number"
unit = "MTR"
observed_at = "at"
[attributes.isOpen]
column = "open"
kind = "boolean"
[attributes.zone]
object = "urn:ngsi-ld:Zone:{zone}"
[attributes.tags]
column = "tags"
kind = "list"
separator = "・"
[attributes.source]
value = "city"
"#;

fn entity(mapping: &str, fields: &[&str]) -> Result<String, String> {
    let mapping = Mapping::parse(mapping).unwrap();
    let names: Vec<String> = HEADER.iter().map(|name| (*name).to_owned()).collect();
    let columns = Columns::new(&names);
    assert_eq!(mapping.missing_column(&columns), None);
    let fields: Vec<Vec<u8>> = fields.iter().map(|field| field.as_bytes().to_vec()).collect();
    let cells = Cells::Record { columns: &columns, fields: &fields, encoding: Encoding::Utf8, number: 7 };
    mapping.entity(&cells).map(|entity| entity.to_text()).map_err(|error| error.to_string())
}

#[test]
fn a_row_becomes_an_entity() {
    let made = entity(
        MAPPING,
        &["A 1", "駅", "Station", "36.06", "136.22", "１.5", "2025-10-04T24:00", "有", "", "z1", "a・b"],
    );
    let expected = [
        r#"{"id":"urn:ngsi-ld:Aed:A%201","type":"Aed","scope":"/Fukui/z1","#,
        r#""height":{"type":"Property","value":1.5,"unitCode":"MTR","observedAt":"2025-10-04T15:00:00Z"},"#,
        r#""isOpen":{"type":"Property","value":true},"#,
        r#""location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[136.22,36.06]}},"#,
        r#""name":{"type":"LanguageProperty","languageMap":{"en":"Station","ja":"駅"}},"#,
        r#""source":{"type":"Property","value":"city"},"#,
        r#""tags":{"type":"Property","value":["a","b"]},"#,
        r#""zone":{"type":"Relationship","object":"urn:ngsi-ld:Zone:z1"}}"#,
    ];
    assert_eq!(made.unwrap(), expected.concat());
}

#[test]
fn empty_cells_leave_their_attributes_out() {
    let made = entity(MAPPING, &["1", "駅", "", "", "", "---\u{a0}", "", "", "", "z", ""]).unwrap();
    assert_eq!(
        made,
        r#"{"id":"urn:ngsi-ld:Aed:1","type":"Aed","scope":"/Fukui/z","name":{"type":"LanguageProperty","languageMap":{"ja":"駅"}},"source":{"type":"Property","value":"city"},"zone":{"type":"Relationship","object":"urn:ngsi-ld:Zone:z"}}"#
    );
}

#[test]
fn a_row_without_an_id_of_its_own_has_its_number() {
    let mapping = "id = \"urn:x:{zone}:{#}\"\ntype = \"T\"\n";
    let made = entity(mapping, &["", "", "", "", "", "", "", "", "", "z", ""]);
    assert_eq!(made.unwrap(), r#"{"id":"urn:x:z:7","type":"T"}"#);
}

#[test]
fn bad_rows_say_which_column_and_what_is_right() {
    let row = |change: &[(usize, &str)]| {
        let mut fields = ["1", "駅", "", "36", "136", "1", "2025-10-04", "有", "", "z", ""];
        for (index, value) in change {
            fields[*index] = value;
        }
        entity(MAPPING, &fields).unwrap_err()
    };
    for (error, expected) in [
        (row(&[(0, "")]), "column \"ID\" is empty; a value: the entity's id is made from it"),
        (
            row(&[(3, "136"), (4, "36")]),
            "column \"lat\": \"136\" is no latitude; a latitude in degrees, from -90 to 90; it seems to be exchanged with the longitude",
        ),
        (row(&[(3, "136")]), "column \"lat\": \"136\" is no latitude; a latitude in degrees, from -90 to 90"),
        (row(&[(4, "")]), "column \"lon\" is empty though the latitude is given; both, or neither"),
        (row(&[(5, "high")]), "column \"height\": \"high\" is no number; a number such as 12 or 3.5"),
        (row(&[(6, "noon")]), "column \"at\": \"noon\" is no date and time;"),
        (row(&[(7, "?")]), "column \"open\": \"?\" is neither yes nor no;"),
    ] {
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn mappings_that_are_wrong_are_refused_with_the_key() {
    let refused =
        |rest: &str| Mapping::parse(&format!("id = \"urn:x:{{a}}\"\ntype = \"T\"\n{rest}")).unwrap_err().to_string();
    for (rest, expected) in [
        ("[attributes.a]\nkind = \"geo\"\nlongitude = \"x\"", "attributes.a: this kind takes longitude and latitude"),
        ("[attributes.a]\ncolumn = \"x\"\nvalue = 1", "attributes.a: \"column\" does not belong to this kind"),
        ("[attributes.a]\ncolunm = \"x\"", "unknown field `colunm`"),
        ("[attributes.a]\nkind = \"numbr\"", "unknown variant `numbr`"),
        ("[attributes.id]\ncolumn = \"x\"", "attributes.id: \"id\" is no attribute"),
        ("time_zone = \"Europe/Paris\"", "time_zone: \"Europe/Paris\" is not known"),
        ("delimiter = \"x\"", "delimiter: "),
        ("time_format = \"mm/dd\"", "time_format: \"mm/dd\" does not tell"),
        ("[attributes.a]\ncolumn = \"x\"\ntime_format = \"%H\"", "attributes.a.time_format: "),
        ("[attributes.a]\ncolumn = \"x\"\ntime_zone = \"here\"", "attributes.a.time_zone: "),
        ("series = true\n[attributes.a]\ncolumn = \"x\"", "series: no attribute has a time"),
        ("scope = \"/{a\"", "scope: "),
        ("context = \"here\"", "context: "),
    ] {
        assert!(refused(rest).contains(expected), "{}", refused(rest));
    }
}

const SERIES: &str = r#"
id = "urn:ngsi-ld:Ahu:1"
type = "Ahu"
series = true
observed_at = " at "
time_zone = "-06:00"
time_format = "%m/%d/%Y %H:%M"
empty = ["*"]
[attributes.height]
column = "height  "
kind = "number"
[attributes.code]
column = "code"
kind = "number"
observed_at = "zone"
time_zone = "UTC"
time_format = "%s"
[attributes.maker]
value = "city"
"#;

fn of_series(height: &str, at: &str, code: &str, zone: &str) -> Result<String, String> {
    entity(SERIES, &["1", "", "", "", "", height, at, "", code, zone, ""])
}

#[test]
fn a_row_of_a_series_tells_when_it_was() {
    assert!(Mapping::parse(SERIES).unwrap().is_series() && !Mapping::parse(MAPPING).unwrap().is_series());
    let made = of_series("75.92", "8/28/2007 24:00", "3", "1188266706").unwrap();
    let expected = [
        r#"{"id":"urn:ngsi-ld:Ahu:1","type":"Ahu","#,
        r#""code":{"type":"Property","value":3,"observedAt":"2007-08-28T02:05:06Z"},"#,
        r#""height":{"type":"Property","value":75.92,"observedAt":"2007-08-29T06:00:00Z"},"#,
        r#""maker":{"type":"Property","value":"city"}}"#,
    ];
    assert_eq!(made, expected.concat());
    // What was not measured has no time either.
    let nothing = r#"{"id":"urn:ngsi-ld:Ahu:1","type":"Ahu","maker":{"type":"Property","value":"city"}}"#;
    assert_eq!(of_series("*", "", "", "").unwrap(), nothing);
    for (made, expected) in [
        (of_series("1", "", "", ""), "column \" at \" is empty; the time at which"),
        (
            of_series("1", "2007-08-28", "", ""),
            "column \" at \": \"2007-08-28\" is no time that is written as %m/%d/%Y %H:%M;",
        ),
    ] {
        let error = made.unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_mapping_or_none(text in "[a-z=\"{}\\[\\]. \n]{0,80}") {
        let _ = Mapping::parse(&text);
    }

    #[test]
    fn any_cells_are_judged(cells in prop::collection::vec("\\PC{0,8}", 11)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let _ = entity(MAPPING, &cells);
    }
}
