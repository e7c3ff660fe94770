//! Files of each format, good and bad, as streams of rows.

use super::*;
use proptest::prelude::*;

fn rows(text: &[u8], format: Format, encoding: Encoding, mapping: Option<&str>) -> Vec<(u64, Result<String, String>)> {
    let mapping = mapping.map(|mapping| Mapping::parse(mapping).unwrap());
    let reader = Box::new(io::Cursor::new(text.to_vec()));
    let rows = Rows::open(reader, Source { format, encoding: Some(encoding), mapping }).unwrap();
    let tell = |row: Row| (row.number, row.entity.map(|it| it.to_text()).map_err(|it| it.to_string()));
    rows.map(|row| tell(row.unwrap())).collect()
}

fn good(number: u64, entity: &str) -> (u64, Result<String, String>) {
    (number, Ok(entity.to_owned()))
}

const MAPPING: &str = "id = \"urn:x:{番号}\"\ntype = \"T\"\n[attributes.name]\ncolumn = \"名称\"\n";

#[test]
fn a_csv_of_either_encoding_gives_the_same_rows() {
    let text = "番号,名称\r\n1,福井駅\r\n\r\n2\r\n3,東口,\r\n";
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(text);
    let from_utf8 = rows(format!("\u{feff}{text}").as_bytes(), Format::Csv, Encoding::Utf8, Some(MAPPING));
    assert_eq!(rows(&cp932, Format::Csv, Encoding::Cp932, Some(MAPPING)), from_utf8);
    assert_eq!(
        from_utf8,
        [
            good(2, r#"{"id":"urn:x:1","type":"T","name":{"type":"Property","value":"福井駅"}}"#),
            (
                4,
                Err("the row has 1 columns, the header 2; 2 columns; a value that holds a comma stands in quotes"
                    .to_owned())
            ),
            good(5, r#"{"id":"urn:x:3","type":"T","name":{"type":"Property","value":"東口"}}"#),
        ]
    );
}

#[test]
fn a_file_in_utf_16_is_named_as_such() {
    for bytes in [b"\xff\xfei\0d\0".as_slice(), b"\xfe\xff\0i\0d"] {
        for format in [Format::Csv, Format::Json, Format::Ndjson, Format::GeoJson] {
            let source = Source { format, encoding: Some(Encoding::Cp932), mapping: None };
            let error = Rows::open(Box::new(io::Cursor::new(bytes.to_vec())), source).unwrap_err();
            assert!(error.to_string().contains("UTF-16"), "{error}");
        }
    }
}

#[test]
fn a_header_with_id_and_type_needs_no_mapping() {
    let text = b"id,type,lat,lon,level,code\nurn:x:1,T,36,136,1.5,007\n";
    let expected = [
        r#"{"id":"urn:x:1","type":"T","code":{"type":"Property","value":"007"},"level":{"type":"Property","value":1.5},"#,
        r#""location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[136.0,36.0]}}}"#,
    ];
    assert_eq!(rows(text, Format::Csv, Encoding::Utf8, None), [good(2, &expected.concat())]);
}

#[test]
fn columns_of_one_name_or_none_lose_nothing() {
    let text = "id,type,電話,電話,\nurn:x:1,T,0761-1,0762-2,x\nurn:x:2,T,0761-1,,\n".as_bytes();
    let first = r#"{"id":"urn:x:1","type":"T","column_5":{"type":"Property","value":"x"},"電話":{"type":"Property","value":"0761-1"},"電話_2":{"type":"Property","value":"0762-2"}}"#;
    let second = r#"{"id":"urn:x:2","type":"T","電話":{"type":"Property","value":"0761-1"}}"#;
    assert_eq!(rows(text, Format::Csv, Encoding::Utf8, None), [good(2, first), good(3, second)]);
    let mapping = "id = \"{id}\"\ntype = \"{type}\"\n[attributes.mobile]\ncolumn = \"電話_2\"\n";
    let mobile = r#"{"id":"urn:x:1","type":"T","mobile":{"type":"Property","value":"0762-2"}}"#;
    assert_eq!(rows(text, Format::Csv, Encoding::Utf8, Some(mapping))[0], good(2, mobile));
    let twice = b"id_,type_,a__value_,a__value_\nurn:x:1,T,1,2\n";
    let refused = &rows(twice, Format::Csv, Encoding::Utf8, None)[0];
    assert!(refused.1.as_ref().unwrap_err().contains("another one hold the same member"), "{refused:?}");
}

#[test]
fn a_csv_whose_lines_end_with_a_carriage_return_is_read() {
    let read = rows("番号,名称\r1,福井駅\r2,東口\r".as_bytes(), Format::Csv, Encoding::Utf8, Some(MAPPING));
    assert_eq!(read.len(), 2);
    assert_eq!(read[1], good(3, r#"{"id":"urn:x:2","type":"T","name":{"type":"Property","value":"東口"}}"#));
}

#[test]
fn a_number_that_no_number_holds_stays_a_text() {
    let text = b"id,type,n,e\nurn:x:1,T,123456789012345678901234,1e400\n";
    let expected = r#"{"id":"urn:x:1","type":"T","e":{"type":"Property","value":"1e400"},"n":{"type":"Property","value":"123456789012345678901234"}}"#;
    assert_eq!(rows(text, Format::Csv, Encoding::Utf8, None), [good(2, expected)]);
}

#[test]
fn a_longitude_and_a_latitude_beside_a_location_are_kept() {
    let text = b"id,type,lat,lon,location\nurn:x:1,T,36,136,hall\n";
    let read = rows(text, Format::Csv, Encoding::Utf8, None);
    let entity = read[0].1.as_ref().unwrap();
    assert!(["36", "136", "\"hall\""].iter().all(|value| entity.contains(&format!("\"value\":{value}"))), "{entity}");
}

#[test]
fn an_entity_that_was_flattened_needs_no_mapping() {
    let text = b"\"id_\", \"type_\", \"level__type_\", \"level__value_\", \"tags__0_\"\n\"gauge 1\", \"T\", \"Number\", \"1.5\", \"\"\n";
    let expected = r#"{"id":"urn:ngsi-ld:T:gauge%201","type":"T","level":{"type":"Property","value":1.5}}"#;
    assert_eq!(rows(text, Format::Csv, Encoding::Utf8, None), [good(2, expected)]);
}

#[test]
fn a_csv_that_cannot_be_understood_is_refused_with_what_would_help() {
    let open = |text: &'static str, mapping: Option<&str>| {
        let mapping = mapping.map(|mapping| Mapping::parse(mapping).unwrap());
        Rows::open(Box::new(text.as_bytes()), Source { format: Format::Csv, encoding: Some(Encoding::Utf8), mapping })
            .unwrap_err()
    };
    let OpenError::NeedsMapping { proposal } = open("番号,名称\n1,a\n", None) else { panic!() };
    Mapping::parse(&proposal).unwrap();
    assert_eq!(
        open("番号,名\n", Some(MAPPING)).to_string(),
        "the mapping names the column \"名称\"; the file has \"番号\", \"名\""
    );
    assert!(open("", Some(MAPPING)).to_string().contains("empty"));
    Rows::open(
        Box::new(&b"a\n"[..]),
        Source {
            format: Format::Csv,
            encoding: Some(Encoding::Utf8),
            mapping: Some(
                Mapping::parse("id = \"urn:x:{a}\"\ntype = \"T\"\n[attributes.b]\ncolumn = \"b\"\noptional = true\n")
                    .unwrap(),
            ),
        },
    )
    .unwrap();
}

#[test]
fn json_and_ndjson_give_entities_as_they_are() {
    let entity = r#"{"id":"urn:x:1","type":"T","a":1}"#;
    let array = format!("[{entity}, 3, {{\"a\" 1}}, {entity}]");
    let read = rows(array.as_bytes(), Format::Json, Encoding::Utf8, None);
    assert_eq!(read[0], good(1, entity));
    assert_eq!(read[1], (2, Err("this is a number; an entity, which is an object".to_owned())));
    assert!(read[2].1.as_ref().unwrap_err().starts_with("this is no JSON that can be read"));
    assert_eq!(read[3], good(4, entity));
    let lines = format!("{entity}\n\nx\n{entity}");
    let read = rows(lines.as_bytes(), Format::Ndjson, Encoding::Utf8, None);
    assert_eq!(read.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 3, 4]);
}

#[test]
fn a_feature_may_have_a_number_for_its_id() {
    let text = br#"{"type":"FeatureCollection","features":[
        {"type":"Feature","id":7,"geometry":null,"properties":{"type":"T","a":1}},
        {"type":"Feature","id":7,"geometry":null,"properties":null},
        {"type":"Feature","id":7,"properties":null}]}"#;
    let read = rows(text, Format::GeoJson, Encoding::Utf8, None);
    assert_eq!(read[0], good(1, r#"{"id":"urn:ngsi-ld:T:7","type":"T","a":1}"#));
    for (_, refused) in read.get(1..).unwrap() {
        assert!(refused.as_ref().unwrap_err().starts_with("the feature's properties have no \"type\""), "{read:?}");
    }
}

#[test]
fn features_are_mapped() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"番号":7,"名称":{"a":1}}},
        {"type":"Feature","geometry":null,"properties":{"番号":null}}]}"#;
    let read = rows(text.as_bytes(), Format::GeoJson, Encoding::Utf8, Some(MAPPING));
    let expected = r#"{"id":"urn:x:7","type":"T","name":{"type":"Property","value":{"a":1}},"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}}"#;
    assert_eq!(read[0], good(1, expected));
    assert!(read[1].1.as_ref().unwrap_err().contains("\"番号\" is empty"));
}

#[test]
fn an_entity_is_no_row_of_a_series() {
    let mapping =
        "id = \"urn:x:{a}\"\ntype = \"T\"\nseries = true\nobserved_at = \"at\"\n[attributes.b]\ncolumn = \"b\"\n";
    let text = br#"[{"id":"urn:x:1","type":"T","b":1}]"#;
    let refused = &rows(text, Format::Json, Encoding::Utf8, Some(mapping))[0];
    assert!(refused.1.as_ref().unwrap_err().contains("the mapping is one of a series"), "{refused:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200), cp932: bool) {
        let encoding = if cp932 { Encoding::Cp932 } else { Encoding::Utf8 };
        for format in [Format::Json, Format::Ndjson, Format::GeoJson] {
            rows(&bytes, format, encoding, None);
        }
        let mapping = "id = \"urn:x:{a}\"\ntype = \"T\"\n[attributes.b]\ncolumn = \"b\"\nkind = \"auto\"\n";
        rows(&[b"a,b\n", bytes.as_slice()].concat(), Format::Csv, encoding, Some(mapping));
    }
}
