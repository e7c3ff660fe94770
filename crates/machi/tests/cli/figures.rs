//! `/metrics` of the real binary, held to the grammar of OpenMetrics 1.0.

use std::collections::{HashMap, HashSet};

use crate::process::Running;

const SUFFIXES: [&str; 5] = ["_total", "_bucket", "_count", "_sum", "_created"];

/// The family that a sample belongs to.
fn family<'f>(name: &str, families: &'f HashMap<String, String>) -> Option<(&'f str, &'f str)> {
    let of = |name: &str| families.get_key_value(name).map(|(name, kind)| (name.as_str(), kind.as_str()));
    SUFFIXES.iter().find_map(|suffix| of(name.strip_suffix(suffix)?)).or_else(|| of(name))
}

fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Splits `name{labels} value`; the labels' values may hold anything but an unescaped quote.
fn sample(line: &str) -> (String, Vec<(String, String)>, String) {
    let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => {
            let (labels, value) = rest.split_once("} ").unwrap();
            let pairs = labels.split("\",").map(|pair| pair.trim_end_matches('"').split_once("=\"").unwrap());
            (pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), value)
        }
        None => (Vec::new(), rest.strip_prefix(' ').unwrap()),
    };
    (name.to_owned(), labels, value.to_owned())
}

#[test]
fn the_figures_are_open_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let city = Running::start(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let body = r#"{"id":"urn:x:1","type":"T","a":1}"#;
    assert!(city.post("/ngsi-ld/v1/entities", "application/json", body).starts_with("HTTP/1.1 201"));
    let answer = city.get("/metrics");
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    let lines: Vec<&str> = text.strip_suffix("# EOF\n").expect("it ends with EOF").lines().collect();
    let mut families: HashMap<String, String> = HashMap::new();
    let (mut seen, mut ended, mut current) = (HashSet::new(), HashSet::new(), String::new());
    for line in &lines {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name, text) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            assert!(["TYPE", "HELP", "UNIT"].contains(&what) && is_name(name), "{line}");
            if name != current {
                assert!(ended.insert(current.clone()) && !ended.contains(name), "{name} comes in two places");
                current = name.to_owned();
            }
            if what == "TYPE" {
                assert!(["counter", "gauge", "histogram", "info", "unknown"].contains(&text), "{line}");
                assert_eq!(families.insert(name.to_owned(), text.to_owned()), None, "{line}");
            }
            continue;
        }
        let (name, labels, value) = sample(line);
        let (family, kind) = family(&name, &families).unwrap_or_else(|| panic!("{line} has no TYPE"));
        assert_eq!(family, current, "{line}");
        assert!(labels.iter().all(|(name, _)| is_name(name)), "{line}");
        assert!(value.parse::<f64>().is_ok_and(|value| kind == "gauge" || value >= 0.0), "{line}");
        assert!(kind != "counter" || name.ends_with("_total") || name.ends_with("_created"), "{line}");
        assert!(seen.insert((name, labels)), "{line} comes twice");
    }
    assert!(families.len() > 10, "{families:?}");
    let count = |name: &str, kind: &str| families.get(name).is_some_and(|known| known == kind);
    assert!(count("machi_http_requests", "counter") && count("machi_http_request_duration_seconds", "histogram"));
    // Buckets of one histogram only grow, and the last one holds all.
    let buckets = |method: &str| -> Vec<f64> {
        let wanted = |(name, labels, _): &(String, Vec<(String, String)>, String)| {
            name == "machi_http_request_duration_seconds_bucket" && labels.iter().any(|(_, value)| value == method)
        };
        lines
            .iter()
            .filter(|line| !line.starts_with('#'))
            .map(|line| sample(line))
            .filter(wanted)
            .map(|(.., value)| value.parse().unwrap())
            .collect()
    };
    let posts = buckets("POST");
    assert!(posts.is_sorted() && posts.last() == Some(&1.0), "{posts:?}");
}
