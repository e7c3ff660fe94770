//! What is refused: everything but queries, files, and requests that are wrong.

use std::fs;

use crate::kit::*;

fn client() -> Client {
    tenant_with(&[entity("urn:ngsi-ld:Room:1", "Room", json!({"temperature": property(1)}))])
}

// Issue 4, bad input: SQL that writes or reads files has its exact answer, and does nothing.
#[test]
fn what_is_no_query_is_refused_and_nothing_of_it_is_done() {
    let client = client();
    let folder = city().data();
    let file = folder.join("out.csv");
    let path = file.display();
    for text in [
        format!("COPY history TO '{path}'"),
        format!("COPY (SELECT * FROM Room) TO '{path}' STORED AS CSV"),
        format!("EXPLAIN ANALYZE COPY Room TO '{path}' STORED AS CSV"),
        "INSERT INTO Room (id) VALUES ('urn:x:1')".to_owned(),
        "DELETE FROM Room".to_owned(),
        "UPDATE Room SET temperature = 2".to_owned(),
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "CREATE VIEW v AS SELECT 1".to_owned(),
        "CREATE EXTERNAL TABLE t (a int) STORED AS CSV LOCATION '/etc/passwd'".to_owned(),
        "DROP TABLE Room".to_owned(),
        "CREATE SCHEMA s".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "BEGIN".to_owned(),
        "PREPARE p AS SELECT 1".to_owned(),
    ] {
        let answer = query(&client, &text).send();
        let is_refused = answer.status == 422 || answer.status == 400;
        assert!(is_refused, "{text}: {answer:?}");
        assert!(!answer.json()["detail"].as_str().unwrap_or_default().is_empty(), "{text}");
    }
    let detail = refused(&query(&client, "DROP TABLE Room").send(), 422, "OperationNotSupported");
    assert!(detail.contains("only reads"), "{detail}");
    assert!(!file.exists());
    assert_eq!(value(&client, "SELECT count(*) FROM Room"), json!(1));
}

#[test]
fn no_file_is_read() {
    let client = client();
    let file = city().data().join("secret.csv");
    fs::write(&file, "a\n1\n").expect("the folder takes a file");
    for text in [
        format!("SELECT * FROM '{}'", file.display()),
        format!("SELECT * FROM \"{}\"", file.display()),
        format!("SELECT * FROM read_csv('{}')", file.display()),
        format!("SELECT * FROM \"file://{}\"", file.display()),
        "SELECT pg_read_file('/etc/passwd')".to_owned(),
    ] {
        refused(&query(&client, &text).send(), 400, "BadRequestData");
    }
}

#[test]
fn a_wrong_query_is_told_what_is_wrong_in_the_language_of_the_client() {
    let client = client();
    for (text, told) in [
        ("SELEC 1", "SELEC"),
        ("SELECT nothing FROM Room", "nothing"),
        ("SELECT * FROM Nowhere", "Nowhere"),
        ("SELECT 1; SELECT 2", "single"),
        ("SELECT CAST(id AS INT) FROM Room", "urn:ngsi-ld:Room:1"),
        ("SELECT no_such_function(1)", "no_such_function"),
        ("", "statement"),
    ] {
        let detail = refused(&query(&client, text).send(), 400, "BadRequestData");
        assert!(detail.contains(told), "{text}: {detail}");
    }
    let answer = query(&client, "SELECT * FROM Nowhere").header("Accept-Language", "ja").send();
    let detail = refused(&answer, 400, "BadRequestData");
    assert!(has_japanese(&detail) && detail.contains("Nowhere"), "{detail}");
}

#[test]
fn a_wrong_request_is_told_what_is_wrong() {
    let client = client();
    let post = || client.post("/machi/v1/sql");
    for body in [json!([]), json!({}), json!({"query": 1}), json!({"query": "SELECT 1", "more": 1})] {
        refused(&post().json(body).send(), 400, "BadRequestData");
    }
    let parameters = json!({"query": "SELECT $1", "parameters": [[1]]});
    refused(&post().json(parameters).send(), 400, "BadRequestData");
    refused(&query(&client, "SELECT 1").accept("image/png").send(), 406, "NotAcceptable");
    let answer = client.post("/machi/v1/sql?a=1").json(json!({"query": "SELECT 1"})).send();
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[test]
fn parameters_stand_for_values_and_never_for_sql() {
    let client = client();
    let ask = |text: &str, parameters: Value| {
        client.post("/machi/v1/sql").json(json!({"query": text, "parameters": parameters})).send()
    };
    let found = ask("SELECT id FROM Room WHERE temperature >= $1 AND id <> $2", json!([1, "x' OR 'a' = 'a"]));
    assert_eq!(found.expect_status(200).json(), json!([{"id": "urn:ngsi-ld:Room:1"}]));
    let all = ask("SELECT $1 AS a, $2 AS b, $3 AS c", json!([1.5, true, null])).expect_status(200).json();
    assert_eq!(all, json!([{"a": 1.5, "b": true, "c": null}]));
    refused(&ask("SELECT id FROM Room WHERE temperature > $2", json!([1])), 400, "BadRequestData");
}
