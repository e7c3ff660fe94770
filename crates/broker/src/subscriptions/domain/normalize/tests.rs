//! What is taken as a subscription, and the exact words with which anything else is refused.

use machi_types::json;

use super::*;
use crate::subscriptions::domain::names::is_expanded;

const NOW: i64 = 1_795_341_600_000_000;

fn expand(name: &str) -> Result<machi_types::Name, machi_model::context::ContextError> {
    if name.contains(':') { is_expanded(name) } else { Ok(format!("urn:t:{name}").into()) }
}

fn read(text: &str) -> Result<String, String> {
    let json = json::parse(text.as_bytes(), 32).unwrap();
    let subscription = whole(&json, &expand, Timestamp::from_micros(NOW));
    subscription.map(|kept| kept.to_text()).map_err(|fault| fault.to_string())
}

/// A subscription to `T` with these members beside.
fn with(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(
        r#"{{"type":"Subscription","entities":[{{"type":"T"}}],"notification":{{"endpoint":{{"uri":"http://a.example/n"}}}}{comma}{members}}}"#
    )
}

/// One with this notification.
fn notifying(notification: &str) -> String {
    format!(r#"{{"type":"Subscription","entities":[{{"type":"T"}}],"notification":{notification}}}"#)
}

#[test]
fn names_are_expanded_and_what_we_say_ourselves_is_passed_over() {
    let kept = read(&with(
        r#""id":"urn:s:1","q":"speed>50;b==\"x\"","status":"paused","createdAt":1,"watchedAttributes":["a","urn:x:b"],"@context":7"#,
    ));
    let kept = kept.unwrap();
    assert!(kept.contains(r#""entities":[{"type":"<urn:t:T>"}]"#), "{kept}");
    assert!(kept.contains(r#""watchedAttributes":["urn:t:a","urn:x:b"]"#), "{kept}");
    assert!(kept.contains(r#""q":"<urn:t:speed>>50;<urn:t:b>==\"x\"""#), "{kept}");
    assert!(!kept.contains("status") && !kept.contains("createdAt") && !kept.contains("@context"), "{kept}");
    let again = json::parse(kept.as_bytes(), 32).unwrap();
    let again = whole(&again, &is_expanded, Timestamp::from_micros(NOW)).unwrap();
    assert_eq!(again.to_text(), kept);
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let check = |text: &str, expected: &str| {
        let fault = read(text).expect_err(text);
        assert!(fault.starts_with(expected), "{text}\n gave: {fault}\n not: {expected}");
    };
    check("[]", "it must be an object, and is an array");
    check(
        &with(r#""watchedAttribute":["a"]"#),
        "watchedAttribute: there is no such member; did you mean \"watchedAttributes\"?",
    );
    check(&with(r#""watchedAttributes":[]"#), "watchedAttributes: it must not be empty");
    check(&with(r#""watchedAttributes":["id"]"#), "watchedAttributes: id is no attribute");
    check(&with(r#""id":"1""#), "id: \"1\" has no scheme");
    check(&with(r#""throttling":0"#), "throttling: it must be greater than 0");
    check(&with(r#""throttling":"5""#), "throttling: it must be a number greater than 0");
    check(&with(r#""isActive":"true""#), "isActive: it must be true or false");
    check(&with(r#""expiresAt":"2020-01-01T00:00:00Z""#), "expiresAt: it lies in the past");
    check(&with(r#""expiresAt":"tomorrow""#), "expiresAt: \"tomorrow\" is no date-time");
    check(&with(r#""notificationTrigger":["changed"]"#), "notificationTrigger[0]: it must be one of \"entityCreated\"");
    check(&with(r#""timeInterval":5,"throttling":1"#), "throttling: it cannot stand beside timeInterval");
    check(
        &with(r#""timeInterval":5,"watchedAttributes":["a"]"#),
        "watchedAttributes: it cannot stand beside timeInterval",
    );
    check(&with(r#""q":"a==""#), "q: ");
    check(&with(r#""q":"urn:ngsi-ld:null""#), "q: urn:ngsi-ld:null only stands in an update");
    check(&with(r#""geoQ":{"georel":"near;maxDistance==10"}"#), "geoQ: ");
    check(
        &with(r#""geoQ":{"georel":"within","geometry":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#),
        "geoQ: ",
    );
    check(&with(r#""scopeQ":"/a b""#), "scopeQ: ");
    check(&with(r#""ngsildConformance":"x""#), "ngsildConformance: it must be a version");
    check(
        r#"{"type":"Subscription","notification":{"endpoint":{"uri":"http://a/"}}}"#,
        "entities: entities or watchedAttributes",
    );
    check(r#"{"entities":[{"type":"T"}],"notification":{"endpoint":{"uri":"http://a/"}}}"#, "type: it is missing");
    check(r#"{"type":"Subscription","entities":[{"type":"T"}]}"#, "notification: it is missing");
    check(
        r#"{"type":"Subscription","entities":[{"id":"urn:a:b"}],"notification":{"endpoint":{"uri":"http://a/"}}}"#,
        "entities[0].type: it is missing",
    );
    check(
        r#"{"type":"Subscription","entities":[{"type":"T","idPattern":"("}],"notification":{"endpoint":{"uri":"http://a/"}}}"#,
        "entities[0].idPattern: ",
    );
    check(
        r#"{"type":"Subscription","localOnly":false,"entities":[{"type":"*"}],"notification":{"endpoint":{"uri":"http://a/"}}}"#,
        "localOnly: ",
    );
}

#[test]
fn parameters_of_notifications_are_checked() {
    let check = |notification: &str, expected: &str| {
        let fault = read(&notifying(notification)).expect_err(notification);
        assert!(fault.starts_with(expected), "{notification}\n gave: {fault}\n not: {expected}");
    };
    let endpoint = r#""endpoint":{"uri":"http://a.example/"}"#;
    check("{}", "notification.endpoint: it is missing");
    check(r#"{"endpoint":{}}"#, "notification.endpoint.uri: it is missing");
    check(r#"{"endpoint":{"uri":"ftp://a/"}}"#, "notification.endpoint.uri: it must begin with http://");
    check(r#"{"endpoint":{"uri":"http://u:p@a/"}}"#, "notification.endpoint.uri: it holds a user name");
    check(r#"{"endpoint":{"uri":"mqtt://a"}}"#, "notification.endpoint.uri: it names no topic");
    check(
        r#"{"endpoint":{"uri":"http://a/","accept":"text/plain"}}"#,
        "notification.endpoint.accept: it must be one of",
    );
    check(
        r#"{"endpoint":{"uri":"mqtt://a/t","accept":"application/geo+json"}}"#,
        "notification.endpoint.accept: it must be one of",
    );
    check(
        r#"{"endpoint":{"uri":"http://a/","timeout":0}}"#,
        "notification.endpoint.timeout: it must be greater than 0",
    );
    check(
        r#"{"endpoint":{"uri":"http://a/","receiverInfo":[{"key":"a b","value":"c"}]}}"#,
        "notification.endpoint.receiverInfo[0]: its key",
    );
    check(
        r#"{"endpoint":{"uri":"http://a/","receiverInfo":[{"key":"Host","value":"c"}]}}"#,
        "notification.endpoint.receiverInfo[0]: the header host",
    );
    check(
        r#"{"endpoint":{"uri":"http://a/","receiverInfo":[{"key":"X","valeu":"c"}]}}"#,
        "notification.endpoint.receiverInfo[0].valeu: there is no such member; did you mean \"value\"?",
    );
    check(r#"{"endpoint":{"uri":"http://a:99999/"}}"#, "notification.endpoint.uri: the port must be");
    check(r#"{"endpoint":{"uri":"http://[::1]:0/"}}"#, "notification.endpoint.uri: the port must be");
    check(
        r#"{"endpoint":{"uri":"mqtt://a/t","notifierInfo":[{"key":"MQTT-QoS","value":"3"}]}}"#,
        "notification.endpoint.notifierInfo[0]: MQTT-QoS",
    );
    check(&format!(r#"{{{endpoint},"format":"xml"}}"#), "notification.format: it must be one of");
    check(&format!(r#"{{{endpoint},"format":"simplified","showChanges":true}}"#), "notification.showChanges: ");
    check(&format!(r#"{{{endpoint},"attributes":["id"]}}"#), "notification.attributes: id is no attribute");
    check(
        &format!(r#"{{{endpoint},"attributes":["a"],"pick":["a"]}}"#),
        "notification.attributes: it is an older word",
    );
    check(
        &format!(r#"{{{endpoint},"pick":["a"],"omit":["a"]}}"#),
        "notification.omit: it names a member that pick names",
    );
    check(
        &format!(r#"{{{endpoint},"join":"flat","joinLevel":0}}"#),
        "notification.joinLevel: it must be a whole number",
    );
}

#[test]
fn what_is_wrong_is_told_in_japanese_and_names_its_member_once() {
    let told = |text: &str| {
        let json = json::parse(text.as_bytes(), 32).unwrap();
        let fault = whole(&json, &expand, Timestamp::from_micros(NOW)).expect_err(text);
        match machi_face::FaceError::from(fault) {
            machi_face::FaceError::Refused { detail, .. } => {
                detail.in_language(machi_http::Language::Japanese).to_owned()
            }
            other => panic!("{other}"),
        }
    };
    let before = "サブスクリプションの内容が正しくありません: ";
    for (members, expected) in [
        (r#""q":"a==""#, "q: 4文字目の末尾は正しくありません"),
        (r#""scopeQ":"a b""#, "scopeQ: "),
        (r#""throttling":0"#, "throttling: 0より大きい値を指定してください(指定値: 0)"),
        (r#""isActive":"x""#, "isActive: trueかfalseでなければなりません(指定されたもの: 文字列)"),
        (r#""isActiv":true"#, "isActiv: このようなメンバーはありません。\"isActive\"の誤りではありませんか"),
        (r#""id":"1""#, "id: \"1\"にはスキームがありません"),
    ] {
        let told = told(&with(members));
        let rest = told.strip_prefix(before).unwrap_or_else(|| panic!("{told}"));
        assert!(rest.starts_with(expected), "{rest}");
        let name = expected.split(':').next().unwrap();
        assert_eq!(rest.matches(&format!("{name}: ")).count(), 1, "{rest}");
    }
}

#[test]
fn changes_replace_members_and_null_deletes_them() {
    let kept = json::parse(read(&with(r#""id":"urn:s:1","q":"a","throttling":5"#)).unwrap().as_bytes(), 32)
        .unwrap()
        .into_owned();
    let patch = |text: &str| {
        let json = json::parse(text.as_bytes(), 32).unwrap();
        let fragment = fragment(&json, &expand, Timestamp::from_micros(NOW)).map_err(|fault| fault.to_string())?;
        patched(&kept, &fragment, Timestamp::from_micros(NOW))
            .map(|new| new.to_text())
            .map_err(|fault| fault.to_string())
    };
    let changed = patch(r#"{"q":"urn:ngsi-ld:null","isActive":false,"id":"urn:s:1"}"#).unwrap();
    assert!(
        !changed.contains("\"q\"") && changed.contains("\"isActive\":false") && changed.contains("\"throttling\":5")
    );
    let moved = patch(r#"{"type":"Subscription","entities":[{"type":"U"}]}"#).unwrap();
    assert!(moved.starts_with(r#"{"type":"Subscription","entities":[{"type":"<urn:t:U>"}],"notification""#), "{moved}");
    assert!(patch(r#"{"notification":"urn:ngsi-ld:null"}"#).unwrap_err().starts_with("notification: it is missing"));
    assert!(patch(r#"{"timeInterval":5}"#).unwrap_err().starts_with("throttling: it cannot stand beside"));
    assert!(patch(r#"{"timeInterval":5,"throttling":"urn:ngsi-ld:null"}"#).is_ok());
    assert_eq!(patch(r#"{"id":"urn:s:2"}"#).unwrap_err(), "id: it cannot be changed");
}
