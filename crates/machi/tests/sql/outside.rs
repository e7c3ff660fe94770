//! Answers read by clients that nobody here wrote.

use std::path::PathBuf;
use std::process::Command;

use crate::kit::*;

/// The Python that has these packages; where there is none, that is said.
pub(crate) fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MACHI_SQL_PYTHON").map(PathBuf::from);
    if python.is_none() {
        println!("SKIPPED: MACHI_SQL_PYTHON names no Python with the clients of SQL; `make soak PART=sql` makes one");
    }
    python
}

/// What a program of `tests/clients` prints.
#[track_caller]
fn printed(python: &PathBuf, arguments: &[&str]) -> Value {
    printed_by("sql.py", python, arguments)
}

#[track_caller]
pub(crate) fn printed_by(program: &str, python: &PathBuf, arguments: &[&str]) -> Value {
    let program = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(program);
    let ran = Command::new(python).arg(program).args(arguments).output().expect("Python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("JSON is printed")
}

#[test]
fn pyarrow_reads_the_stream_of_batches() {
    let Some(python) = python() else { return };
    let rooms: Vec<Value> = (0..3000)
        .map(|n| entity(&format!("urn:ngsi-ld:Room:{n}"), "Room", json!({"temperature": property(n)})))
        .collect();
    let client = tenant_with(&rooms);
    let tenant = client.tenant().unwrap_or_default();
    let text = "SELECT id, temperature, \"createdAt\" FROM Room ORDER BY temperature";
    let read = printed(&python, &["arrow", &city().url(), tenant, text]);
    assert_eq!(
        read,
        json!({
            "rows": 3000, "columns": ["id", "temperature", "createdAt"],
            "types": ["large_string", "double", "timestamp[us, tz=UTC]"], "sum": 4_498_500.0,
        })
    );
}

// Issue 4, line 4: the same totals by SQL and by readers that know nothing of Machi.
#[test]
fn duckdb_over_the_archive_counts_what_sql_counts() {
    let Some(python) = python() else { return };
    let city = city_with("[history]\narchive_after = \"1ms\"\nupkeep = \"100ms\"\nfiles_kept = \"2s\"\n");
    let client = city.client();
    for number in 0..5 {
        client.create(&entity(&format!("urn:ngsi-ld:Sensor:{number}"), "Sensor", json!({})));
    }
    for round in 0..40 {
        for number in 0..5 {
            let level = json!({"type": "Property", "value": f64::from(round * number) / 4.0,
                               "observedAt": format!("2026-03-{:02}T00:00:00Z", round % 28 + 1)});
            let path = format!("/entities/urn:ngsi-ld:Sensor:{number}/attrs");
            client.post(&path).json(json!({"level": level})).send().expect_status(204);
        }
    }
    let text = "SELECT entity, count(*) AS count, sum(number) AS sum, max(number) AS max FROM history \
                WHERE attribute = 'level' GROUP BY 1 ORDER BY 1";
    let ours = rows(&client, text);
    assert_eq!(ours.as_array().map(Vec::len), Some(5));
    let table = city.data().join("history/_default/instances");
    // What was written last is archived a moment later.
    eventually("the archive has all", || {
        let theirs = printed(&python, &["archive", &table.to_string_lossy()]);
        (theirs == ours).then_some(())
    });
}
