//! The contexts that types and properties open.

use super::*;

const NESTED: &str = r#"{
    "name": "https://e.org/name",
    "Room": {"@id": "https://e.org/Room", "@context": {"name": "https://e.org/roomName", "size": "https://e.org/size"}},
    "Hall": {"@id": "https://e.org/Hall", "@context": {"size": "https://e.org/hallSize"}},
    "City": {"@id": "https://e.org/City", "@context": {"@propagate": true, "name": "https://e.org/cityName"}},
    "owner": {"@id": "https://e.org/owner", "@context": {"name": "https://e.org/ownerName"}},
    "alone": {"@id": "https://e.org/alone", "@context": {"@propagate": false, "name": "https://e.org/aloneName"}},
    "bare": {"@id": "https://e.org/bare", "@context": null}
}"#;

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

#[test]
fn a_type_opens_its_context_for_its_own_members_only() {
    let top = context(NESTED);
    let room = top.for_type(&["Room"]).unwrap().into_owned();
    check(&room, "name", "https://e.org/roomName");
    check(&room, "size", "https://e.org/size");
    check(&room, "location", "https://uri.etsi.org/ngsi-ld/location");
    assert_eq!(room.compact_name("https://e.org/name"), "https://e.org/name", "the short name means another IRI here");
    let inside = room.for_property("size").unwrap().into_owned();
    check(&inside, "name", "https://e.org/name");
    check(&inside, "size", &format!("{DEFAULT}size"));
    assert!(Arc::ptr_eq(&inside, &top));
}

#[test]
fn a_type_may_open_its_context_for_all_within() {
    let city = context(NESTED).for_type(&["City"]).unwrap().into_owned();
    let inside = city.for_property("mayor").unwrap().into_owned();
    check(&inside, "name", "https://e.org/cityName");
}

#[test]
fn types_open_their_contexts_in_the_order_of_their_names() {
    let both = context(NESTED);
    let context = both.for_type(&["Room", "Hall", "Unknown"]).unwrap().into_owned();
    check(&context, "size", "https://e.org/size");
    check(&context, "name", "https://e.org/roomName");
    let again = both.for_type(&["Hall", "Room"]).unwrap().into_owned();
    assert!(Arc::ptr_eq(&context, &again), "made once");
}

#[test]
fn a_property_opens_its_context_for_all_within() {
    let top = context(NESTED);
    let owner = top.for_property("owner").unwrap().into_owned();
    check(&owner, "name", "https://e.org/ownerName");
    let deeper = owner.for_property("address").unwrap().into_owned();
    check(&deeper, "name", "https://e.org/ownerName");
    let alone = top.for_property("alone").unwrap().into_owned();
    check(&alone, "name", "https://e.org/aloneName");
    check(&alone.for_property("x").unwrap(), "name", "https://e.org/name");
    let bare = top.for_property("bare").unwrap().into_owned();
    check(&bare, "name", &format!("{DEFAULT}name"));
}

#[test]
fn a_context_without_scopes_is_handed_on_for_nothing() {
    let context = context(r#"{"Room": "https://e.org/Room"}"#);
    assert!(matches!(context.for_type(&["Room"]).unwrap(), std::borrow::Cow::Borrowed(_)));
    assert!(matches!(context.for_property("size").unwrap(), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn contexts_are_let_go_with_the_last_that_uses_them() {
    let top = context(NESTED);
    let room = top.for_type(&["Room"]).unwrap().into_owned();
    let watch = Arc::downgrade(&top);
    drop(top);
    assert!(watch.upgrade().is_none(), "scoped contexts hold the terms beneath them, not the context");
    check(&room.for_property("size").unwrap(), "name", "https://e.org/name");
}

#[test]
fn scoped_contexts_must_leave_core_terms_alone() {
    let text = r#"{"Room": {"@id": "https://e.org/Room", "@context": {"value": "https://e.org/value"}}}"#;
    assert_eq!(
        refusal(text),
        "the inline @context: the context of the term \"Room\" is wrong: the inline @context: it gives the core term \
         \"value\" another meaning, which a scoped context must not (ETSI GS CIM 009, clause 5.5.7) (invalid scoped \
         context)"
    );
    context(r#"{"Room": {"@id": "https://e.org/Room", "@context": {"id": "@id", "type": "@type"}}}"#);
}

#[test]
fn scoped_contexts_can_be_refused_altogether() {
    let limits = Limits { scoped: ScopedContexts::Refuse, ..Limits::default() };
    let error = resolve(&json(NESTED), &(), &limits).unwrap_err().to_string();
    assert!(error.contains("the term \"Room\" has a context of its own"), "{error}");
}

#[test]
fn a_scoped_document_may_open_itself_again() {
    let documents = [(
        "https://e.org/c",
        r#"{"knows": {"@id": "https://e.org/knows", "@context": "https://e.org/c"}, "a": "https://e.org/a"}"#,
    )];
    let mut context = with("\"https://e.org/c\"", &documents);
    for _ in 0..10 {
        context = context.for_property("knows").unwrap().into_owned();
        check(&context, "a", "https://e.org/a");
    }
    let mut depth = 10;
    let error = loop {
        match context.for_property("knows").map(std::borrow::Cow::into_owned) {
            Ok(deeper) => context = deeper,
            Err(error) => break error,
        }
        depth += 1;
    };
    assert_eq!(depth, 16);
    assert!(error.to_string().contains("too deeply; the limit is 16"), "{error}");
}

#[test]
fn protection_holds_for_types_but_not_for_properties() {
    let text = r#"[{"@protected": true, "a": "https://e.org/a",
        "T": {"@id": "https://e.org/T", "@context": {"a": "https://e.org/b"}},
        "p": {"@id": "https://e.org/p", "@context": {"a": "https://e.org/b"}}}]"#;
    let context = context(text);
    check(&context.for_property("p").unwrap(), "a", "https://e.org/b");
    let error = context.for_type(&["T"]).unwrap_err().to_string();
    assert!(error.contains("protected term redefinition"), "{error}");
}

#[test]
fn the_proof_of_an_entity_has_the_context_of_the_core() {
    let proof = Context::core().for_property("ngsildproof").unwrap().into_owned();
    check(&proof, "entityIdSealed", "https://uri.etsi.org/ngsi-ld/entityIdSealed");
    assert_eq!(*proof.term("entityTypeSealed").unwrap().coercion(), Coercion::Vocab);
    assert!(Context::core().term("entityTypeSealed").is_none());
}
