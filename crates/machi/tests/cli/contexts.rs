//! `machi context add`: documents that are there without a network, kept by a running city and by one at rest.

use std::fs::{self, File};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::process::{Running, output, text};

const URL: &str = "https://nowhere.invalid/context.jsonld";

#[test]
fn a_context_is_kept_by_a_city_that_rests_and_by_one_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("city"), folder.path().join("context.jsonld"));
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let add = |term: &str| {
        fs::write(file, format!("{{\"@context\": {{\"{term}\": \"https://example.org/{term}\"}}}}")).unwrap();
        output(&["context", "add", URL, file, "--data", data])
    };
    let start = || Running::start(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--open"]);

    let nothing = add("a");
    assert_eq!(nothing.status.code(), Some(1));
    assert_eq!(text(&nothing.stderr), format!("machi: {data} holds no city\n"));
    let mut city = start();
    let kept = add("a");
    assert_eq!(text(&kept.stdout), format!("{URL} is kept and will not be fetched\n"), "{}", text(&kept.stderr));
    let body = format!(r#"{{"id":"urn:x:1","type":"T","a":1,"@context":"{URL}"}}"#);
    assert!(city.post("/ngsi-ld/v1/entities", "application/ld+json", &body).starts_with("HTTP/1.1 201"));
    assert!(city.get("/ngsi-ld/v1/entities/urn:x:1").contains("https://example.org/a"));
    city.end(Signal::TERM);

    let kept = add("b");
    assert!(kept.status.success(), "{}", text(&kept.stderr));
    let city = start();
    let body = format!(r#"{{"id":"urn:x:2","type":"T","b":1,"@context":"{URL}"}}"#);
    assert!(city.post("/ngsi-ld/v1/entities", "application/ld+json", &body).starts_with("HTTP/1.1 201"));
    assert!(city.get("/ngsi-ld/v1/entities/urn:x:2").contains("https://example.org/b"));
}

#[test]
fn a_process_that_is_about_to_end_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("city"), folder.path().join("context.jsonld"));
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    Running::start(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--open"]).end(Signal::TERM);
    fs::write(file, r#"{"@context": {"a": "https://example.org/a"}}"#).unwrap();

    let held = File::open(format!("{data}/lock")).unwrap();
    held.lock().unwrap();
    let added = thread::scope(|scope| {
        let added = scope.spawn(|| output(&["context", "add", URL, file, "--data", data]));
        thread::sleep(Duration::from_millis(500));
        assert!(!added.is_finished());
        drop(held);
        added.join().unwrap()
    });
    assert!(added.status.success(), "{}", text(&added.stderr));
}

#[test]
fn what_is_no_context_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("city"), folder.path().join("context.jsonld"));
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let _city = Running::start(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--open"]);
    fs::write(file, "{\"@context\": 7}").unwrap();
    let refused = output(&["context", "add", URL, file, "--data", data]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).starts_with("machi: the running city says: "), "{}", text(&refused.stderr));
    let missing = output(&["context", "add", URL, "missing.jsonld", "--data", data]);
    assert!(text(&missing.stderr).starts_with("machi: missing.jsonld cannot be read: "), "{}", text(&missing.stderr));
    assert_eq!(output(&["context", "add", "no iri", file, "--data", data]).status.code(), Some(2));
}
