//! The receiver and the client against each other.

use serde_json::json;

use super::*;
use crate::Client;

#[test]
fn what_is_sent_is_recorded_with_path_headers_and_body() {
    let receiver = Receiver::start();
    let client = Client::new(&receiver.url(""), Some("aoi"));
    let answer = client.post("/hook").query(&[("a", "b c")]).json(json!({"data": [{"id": "x"}]})).send();
    answer.expect_empty(200);
    let notices = receiver.wait_for("/hook", 1);
    assert_eq!(notices[0].first()["id"], "x");
    assert_eq!(notices[0].header("NGSILD-Tenant"), Some("aoi"));
    assert!(receiver.notices("/other").is_empty());
}

#[test]
fn a_receiver_fails_and_hangs_up_as_it_is_told() {
    let receiver = Receiver::start();
    let client = Client::new(&receiver.url(""), None);
    receiver.behave("/bad", Behaviour::Status(503));
    receiver.behave("/gone", Behaviour::HangUp);
    client.post("/bad").json(json!({})).send().expect_status(503);
    assert!(client.post("/gone").json(json!({})).exchange().is_err());
    assert_eq!(receiver.wait_for("/gone", 1)[0].answered, 0);
}

#[test]
fn documents_are_served_and_fetches_are_counted() {
    let receiver = Receiver::start();
    let url = receiver.serve("/c.jsonld", json!({"@context": {}}));
    let client = Client::new(&receiver.url(""), None);
    let answer = client.get(&url).send().expect_status(200);
    assert_eq!(answer.media_type(), "application/ld+json");
    assert_eq!(answer.json(), json!({"@context": {}}));
    client.get("/unknown").send().expect_status(404);
    assert_eq!((receiver.fetched("/c.jsonld"), receiver.fetched("/unknown")), (1, 1));
}

#[test]
fn every_method_is_sent_with_and_without_a_body() {
    let receiver = Receiver::start();
    let client = Client::new(&receiver.url(""), None);
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        client.request(method, "/none").send().expect_status(200);
    }
    for method in ["POST", "PUT", "PATCH"] {
        client.request(method, "/some").json(json!({"a": 1})).send().expect_status(200);
    }
    assert_eq!(receiver.notices("/none").len(), 5);
    assert!(receiver.notices("/some").iter().all(|notice| notice.body == json!({"a": 1})));
}
