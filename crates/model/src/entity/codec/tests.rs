//! Tests of the stored form.

use machi_types::{Name, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::entity::arbitrary::{any_entity, any_instance, term, with_times};
use crate::entity::{Attribute, Document, Encoded, Instance, JsonText, Kind, Sealed, Section};

fn small() -> Instance {
    Instance { unit_code: Some("CEL".into()), ..Instance::new(Kind::Property, JsonText::parse("20.5").unwrap()) }
}

#[test]
fn a_number_with_a_unit_takes_a_dozen_bytes() {
    assert_eq!(encode_instance(&small()), [1, 1, 4, 4, b'2', b'0', b'.', b'5', 3, b'C', b'E', b'L']);
}

#[test]
fn a_head_has_its_namespaces_as_one_byte() {
    let head = Head { types: vec![term("Room")], scopes: vec!["/a".into()], expires_at: None };
    assert_eq!(head.encode(), b"\x01\x00\x01\x01\x04Room\x01\x02/a");
}

#[test]
fn sub_attributes_without_times_have_those_of_the_section() {
    let sub = Attribute { name: term("accuracy"), instances: vec![small()] };
    let bytes = encode_instance(&Instance { attributes: vec![sub], ..small() });
    let (created, modified) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
    let read = InstanceRef::read(&bytes).unwrap().to_instance(None, Some(created), Some(modified)).unwrap();
    let sub = &read.attributes[0].instances[0];
    assert_eq!((sub.created_at, sub.modified_at), (Some(modified), Some(modified)));
}

#[test]
fn only_a_time_written_in_its_own_way_takes_a_byte_more() {
    let observed = |text: &str| {
        let observed_at = Some(text.parse().unwrap());
        encode_instance(&Instance { observed_at, ..small() })
    };
    let (plain, with_digits) = (observed("2026-11-22T10:00:00.250Z"), observed("2026-11-22T10:00:00.25Z"));
    assert_eq!((plain.len(), with_digits.len()), (20, 21));
    let read = InstanceRef::read(&with_digits).unwrap().to_instance(None, None, None).unwrap();
    assert_eq!(encode_instance(&read), with_digits);
    // Too few digits for the time, more than there can be, and digits of no time at all.
    for (place, byte) in [(16, 1), (16, 7), (2, 0x84)] {
        let mut bytes = with_digits.clone();
        bytes[place] = byte;
        assert_eq!(InstanceRef::read(&bytes).unwrap_err(), Corrupt::Unknown(u64::from(byte)));
    }
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let mut bytes = encode_instance(&small());
    bytes[0] = 2;
    assert_eq!(InstanceRef::read(&bytes).unwrap_err(), Corrupt::Version(2));
    assert_eq!(Head::decode(&[9, 0]).unwrap_err(), Corrupt::Version(9));
}

/// Visits everything that can be read of a section.
fn visit(bytes: &[u8]) {
    if let Ok(instance) = InstanceRef::read(bytes) {
        let _ = instance.to_instance(None, None, None);
        let section = Section::new("https://example.org/a", None, bytes);
        let mut out = Vec::new();
        for format in [crate::entity::render::Format::Normalized, crate::entity::render::Format::Concise] {
            let mut output = crate::entity::render::Output::new(&crate::entity::CoreTerms);
            output.format = format;
            let head = Head::default().encode();
            let sections = [section];
            let _ = crate::entity::render::write_entity(&Document::new("urn:a:b", &head, &sections), &output, &mut out);
        }
        crate::entity::scalars(&instance, |_| ());
    }
    if let Ok(head) = HeadRef::read(bytes) {
        head.types().for_each(|name| drop(name.to_name()));
        assert!(head.scopes().count() <= bytes.len());
    }
}

proptest! {
    #[test]
    fn instances_round_trip(instance in any_instance(2), micros in 0..1_000_000_i64) {
        let instance = with_times(instance, micros);
        let bytes = encode_instance(&instance);
        let read = InstanceRef::read(&bytes).unwrap();
        prop_assert_eq!(read.to_instance(None, None, None).unwrap(), instance);
    }

    #[test]
    fn parts_make_the_section_that_they_are_of(instance in any_instance(2), sealed: [bool; 2], micros in 0..1_000_000_i64) {
        let sealed = Sealed { id: sealed[0].then(|| "urn:a:b".into()), entity_type: sealed[1].then(|| term("Room")) };
        let sealed = Some(Box::new(sealed)).filter(|sealed| sealed.id.is_some() || sealed.entity_type.is_some());
        let bytes = encode_instance(&with_times(Instance { sealed, ..instance }, micros));
        let read = InstanceRef::read(&bytes).unwrap();
        let object_types: Vec<String> = read.object_types().map(|name| name.to_string()).collect();
        let (value_type, sealed_type) = (read.value_type().map(NameRef::to_name), read.sealed_type().map(NameRef::to_name));
        let parts = Parts {
            kind: read.kind(),
            value: read.value(),
            observed_at: read.observed_at(),
            expires_at: read.expires_at(),
            unit_code: read.unit_code(),
            value_type: value_type.as_deref(),
            object_types: &object_types,
            sealed: (read.sealed_id(), sealed_type.as_deref()),
            attributes: read.stored_attributes(),
        };
        prop_assert_eq!(parts.encode(), bytes);
    }

    #[test]
    fn entities_round_trip(entity in any_entity()) {
        let encoded = Encoded::of(&entity);
        let sections = encoded.sections();
        prop_assert_eq!(encoded.document(&sections).to_entity().unwrap(), entity);
    }

    #[test]
    fn cut_and_damaged_bytes_never_panic(instance in any_instance(2), at: prop::sample::Index, bit in 0..8_u8) {
        let mut bytes = encode_instance(&instance);
        let at = at.index(bytes.len());
        visit(&bytes[..at]);
        bytes[at] ^= 1 << bit;
        visit(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        visit(&bytes);
        bytes[0] = 1;
        visit(&bytes);
    }

    #[test]
    fn names_are_what_they_were(text in "(https://uri.etsi.org/ngsi-ld/|https://schema.org/|urn:)?.{0,9}") {
        let head = Head { types: vec![Name::from(text.as_str())], ..Head::default() };
        let bytes = head.encode();
        prop_assert!(HeadRef::read(&bytes).unwrap().types().all(|name| name.is(&text)));
        prop_assert_eq!(Head::decode(&bytes).unwrap(), head);
    }
}
