//! What is written is read back, and what is damaged is told with its line.

use bytes::Bytes;
use machi_store::{Document, DocumentNo, NameNo, NameTable, Names, Section, SectionKey};
use machi_types::{TenantId, Timestamp, json};

use super::*;

#[test]
fn stored_bytes_come_back_byte_by_byte() {
    let cases: [(&[u8], &str); 6] = [
        (b"{\"a\":[1,2.5,null]}", "json"),
        (b"{ \"a\": 1 }", "text"),
        ("街".as_bytes(), "text"),
        (b"", "text"),
        (b"7", "json"),
        (b"\xff\x00", "base64url"),
    ];
    for (bytes, form) in cases {
        let mut out = Vec::new();
        content::write(bytes, &mut out);
        let json = json::parse(&out, 64).unwrap();
        assert!(json.get(form).is_some(), "{json:?}");
        assert_eq!(content::read(&json).as_deref(), Some(bytes));
    }
    for bad in ["1", "{}", "{\"text\":1}", "{\"base64url\":\"!\"}", "{\"text\":\"\",\"json\":1}", "{\"x\":\"\"}"] {
        assert_eq!(content::read(&json::parse(bad.as_bytes(), 8).unwrap()), None, "{bad}");
    }
}

#[test]
fn documents_come_back_with_their_times() {
    let names = NameTable::default();
    let time = Timestamp::from_micros;
    let section = Section {
        key: SectionKey::new(names.intern("@definition"), NameNo::NONE),
        created: time(1),
        modified: time(2),
        body: Bytes::from_static(b"{\"id\":\"urn:s:1\"}"),
    };
    let stored = Document {
        number: DocumentNo(0),
        id: "urn:s:1".into(),
        version: 9,
        created: time(1),
        modified: time(3),
        head: Bytes::new(),
        sections: vec![section.clone()],
    };
    let mut out = Vec::new();
    document("subscriptions", &stored, &names, &mut out);
    assert_eq!(line(&out).unwrap(), Line::Item);
    let read = item(&out, &names, time(77)).unwrap();
    assert_eq!((&*read.collection, &*read.id), ("subscriptions", "urn:s:1"));
    assert_eq!((read.restored.created, read.restored.modified), (time(1), time(3)));
    assert_eq!(read.restored.sections, [section]);
}

#[test]
fn first_and_last_lines_are_known_and_newer_formats_refused() {
    let tenant: TenantId = "aoi".parse().unwrap();
    let first = header(&tenant, "7", Timestamp::from_micros(0));
    assert_eq!(line(&first).unwrap(), Line::Header);
    let counted = Counted { entities: 3, others: 4 };
    assert_eq!(line(&end(counted, 0xab)).unwrap(), Line::End(counted, 0xab));
    let newer = String::from_utf8(first).unwrap().replace("\"format\":1", "\"format\":2");
    let told = line(newer.as_bytes()).unwrap_err();
    assert!(told.in_language(machi_http::Language::English).contains("format 2, and this Machi reads up to 1"));
    assert!(line(b"{\"machi\":\"city\",\"format\":1}").is_err());
    assert!(line(b"{\"end\":{}}").is_err());
    let names = NameTable::default();
    for bad in ["{}", "[", "{\"entity\":{}}", "{\"collection\":\"x\",\"id\":\"y\",\"head\":{}}"] {
        assert!(item(bad.as_bytes(), &names, Timestamp::from_micros(0)).is_err(), "{bad}");
    }
}

#[test]
fn lines_are_cut_numbered_and_summed_up() {
    let mut lines = Lines::default();
    lines.take(b"one\ntw").unwrap();
    let (number, text, sum) = lines.next_line().unwrap();
    assert_eq!((number, &text[..], sum), (1, &b"one\n"[..], 0));
    assert_eq!(lines.next_line(), None);
    assert!(lines.has_rest());
    lines.take(b"o\n").unwrap();
    let (number, text, sum) = lines.next_line().unwrap();
    assert_eq!((number, &text[..], sum), (2, &b"two\n"[..], crc32fast::hash(b"one\n")));
    assert!(!lines.has_rest());
}
