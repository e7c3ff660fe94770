//! Who this broker is (§5.15.1, §5.2.40, §6.33).

use crate::kit::*;

// §6.33.3.1: The identity of the context source is answered with 200.
// §5.2.40: It has an id that is a URI, a type, an alias, how long it has been up, and what time it has.
// §5.15.1: The broker tells its identity as a context source.
#[test]
fn the_broker_tells_who_it_is() {
    let answer = city().client().get("/info/sourceIdentity").send().expect_status(200);
    let identity = answer.json();
    assert_eq!(identity["type"], "ContextSourceIdentity");
    let text = |member: &str| identity[member].as_str().unwrap_or_default().to_owned();
    assert!(text("id").contains(':'), "{answer:?}");
    // RFC 7230 §5.7.1: a pseudonym is a token.
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let alias = text("contextSourceAlias");
    assert!(!alias.is_empty() && alias.split(':').all(|part| part.chars().all(token)), "{answer:?}");
    assert!(text("contextSourceUptime").starts_with('P'), "{answer:?}");
    let time = text("contextSourceTimeAt");
    assert!(time.starts_with("20") && time.ends_with('Z'), "{answer:?}");
}

// §5.2.40: The alias tells tenants apart and stays the same for each.
#[test]
fn each_tenant_has_an_alias_of_its_own() {
    let alias = |tenant: &Client| {
        tenant.get("/info/sourceIdentity").send().expect_status(200).json()["contextSourceAlias"].to_string()
    };
    let (one, two) = (empty_tenant(), empty_tenant());
    assert_ne!(alias(&one), alias(&two));
    assert_ne!(alias(&one), alias(&city().client()));
    assert_eq!(alias(&one), alias(&one));
}

// §5.2.40: A tenant that holds nothing yet has its alias already, and asking for it makes no tenant.
#[test]
fn a_tenant_has_its_alias_before_its_first_write() {
    let (first, second) = (tenant(), tenant());
    let alias = |tenant: &Client| {
        tenant.get("/info/sourceIdentity").send().expect_status(200).json()["contextSourceAlias"].to_string()
    };
    let before = alias(&first);
    assert_ne!(before, alias(&second));
    first.get("/types").send().problem("NonexistentTenant");
    first.create(&t("x", json!({})));
    assert_eq!(alias(&first), before);
}
