//! `machi tenants`: each tenant listed, exported, restored and erased alone, in both languages.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::process::{Running, machi, output, text};

fn said(arguments: &[&str]) -> (i32, String) {
    let output = output(arguments);
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_tenant_goes_and_comes_back_in_a_city_that_runs_and_in_one_that_rests() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, file, again) = (path("city"), path("aoi.ndjson"), path("again.ndjson"));
    let mut city = Running::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0", "--open"]);
    for tenant in ["aoi", "midori"] {
        for id in ["urn:x:1", "urn:x:2"] {
            let body = format!(r#"{{"id":"{id}","type":"T","a":{{"type":"Property","value":1}}}}"#);
            let path = format!("/ngsi-ld/v1/entities HTTP/1.1\r\nNGSILD-Tenant: {tenant}\r\nx-rest:");
            assert!(city.post(&path, "application/json", &body).starts_with("HTTP/1.1 201"));
        }
    }
    let (code, listed) = said(&["tenants", "list", "--data", &data]);
    assert_eq!(code, 0, "{listed}");
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["tenant", "entities", "bytes"]);
    assert!(rows.iter().any(|row| row[..2] == ["aoi", "2"]) && rows.iter().any(|row| row[..2] == ["midori", "2"]));

    let (code, exported) = said(&["tenants", "export", "aoi", &file, "--data", &data]);
    assert!(code == 0 && exported.starts_with("tenant aoi as of position "), "{exported}");
    assert!(exported.ends_with(": 2 entities, 0 other documents\n"), "{exported}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "an export is its owner's alone");
    let (code, refused) = said(&["tenants", "export", "aoi", &file, "--data", &data]);
    assert!(code == 1 && refused.contains("is there already; name a file that is not"), "{refused}");
    let (code, refused) = said(&["tenants", "restore", "aoi", &file, "--data", &data]);
    assert!(code == 1 && refused.contains("tenant aoi holds 2 documents; erase it before"), "{refused}");
    let (code, refused) = said(&["tenants", "erase", "aoi", "--confirm", "midori", "--data", &data]);
    assert!(code == 1 && refused.contains("nothing was erased"), "{refused}");

    assert_eq!(
        said(&["tenants", "erase", "aoi", "--confirm", "aoi", "--data", &data]),
        (0, "tenant aoi is erased\n".into())
    );
    city.end(Signal::TERM);
    let (code, restored) = said(&["tenants", "restore", "aoi", &file, "--data", &data]);
    assert_eq!((code, &*restored), (0, "tenant aoi is back: 2 entities, 0 other documents\n"));
    assert_eq!(said(&["tenants", "export", "aoi", &again, "--data", &data]).0, 0);
    let lines = |file: &str| -> Vec<String> { fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect() };
    let (first, second) = (lines(&file), lines(&again));
    assert_eq!(first[1..3], second[1..3], "the same entities with the same times");
}

// A city's folder holds its own files alone, and so does that of a backup.
#[test]
fn no_export_goes_into_the_folder_of_a_city() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, backup) = (path("city"), path("backup"));
    let mut city = Running::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0", "--open"]);
    assert_eq!(said(&["backup", &backup, "--data", &data]).0, 0);
    std::os::unix::fs::symlink(&data, path("link")).unwrap();
    for is_running in [true, false] {
        if !is_running {
            city.end(Signal::TERM);
        }
        for inner in ["city/export", "city/documents/export", "link/export", "backup/../city/export", "backup/export"] {
            let (code, refused) = said(&["tenants", "export", "-", &path(inner), "--data", &data]);
            let told = "which is the folder of a city or a backup; name one outside of it";
            assert!(code == 1 && refused.contains(told), "{inner}: {refused}");
            assert!(!folder.path().join(inner).exists(), "{inner}");
        }
        let beside = path(if is_running { "running" } else { "resting" });
        assert_eq!(said(&["tenants", "export", "-", &beside, "--data", &data]).0, 0);
    }
}

#[test]
fn the_operator_makes_a_tenant_where_writes_make_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, settings) = (path("city"), path("machi.toml"));
    fs::write(&settings, "[tenants]\ncreate = false\n").unwrap();
    let start = ["serve", "--data", &data, "--config", &settings, "--listen", "127.0.0.1:0", "--open"];
    let write = |city: &Running, tenant: &str| {
        let body = r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":1}}"#;
        let path = format!("/ngsi-ld/v1/entities HTTP/1.1\r\nNGSILD-Tenant: {tenant}\r\nx-rest:");
        city.post(&path, "application/json", body)
    };
    let mut city = Running::start(&start);
    let refused = write(&city, "aoi");
    assert!(refused.starts_with("HTTP/1.1 404") && refused.contains("machi tenants create aoi"), "{refused}");
    assert_eq!(said(&["tenants", "create", "aoi", "--data", &data]), (0, "tenant aoi is made\n".into()));
    assert!(write(&city, "aoi").starts_with("HTTP/1.1 201"));
    let (code, again) = said(&["tenants", "create", "aoi", "--data", &data]);
    assert!(code == 1 && again.contains("there is a tenant aoi already"), "{again}");
    city.end(Signal::TERM);
    assert_eq!(said(&["tenants", "create", "midori", "--data", &data]), (0, "tenant midori is made\n".into()));
    assert!(said(&["tenants", "list", "--data", &data]).1.contains("midori  0"));
    let city = Running::start(&start);
    assert!(write(&city, "midori").starts_with("HTTP/1.1 201"));
    assert!(write(&city, "nobody").starts_with("HTTP/1.1 404"));
    assert_eq!(said(&["tenants", "create", "a b", "--data", &data]).0, 2);
}

#[test]
fn what_was_damaged_or_broken_off_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, file) = (path("city"), path("aoi.ndjson"));
    let _city = Running::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0", "--open"]);
    for (content, expected) in [
        ("", "line 1: the export ends before its last line"),
        ("{}\n", "line 1: this line stands in the wrong place"),
        ("{\"machi\":\"tenant\",\"format\":9}\n", "line 1: the export has format 9, and this Machi reads up to 1"),
    ] {
        fs::write(&file, content).unwrap();
        let (code, refused) = said(&["tenants", "restore", "aoi", &file, "--data", &data]);
        assert!(code == 1 && refused.contains(expected), "{refused}");
    }
    assert!(!said(&["tenants", "list", "--data", &data]).1.contains("aoi"));
}

// The copies of remote contexts belong to the city: a tenant that holds none of its own takes none of them over, and
// what a tenant holds of its own is in the way of a restore, contexts included.
#[test]
fn copies_of_contexts_stay_the_citys_and_a_tenants_own_contexts_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, file, context) = (path("city"), path("default.ndjson"), path("context.jsonld"));
    let mut city = Running::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0", "--open"]);
    let text = r#"{"@context": {"a": "https://example.org/a"}}"#;
    fs::write(&context, text).unwrap();
    let url = "https://nowhere.invalid/context.jsonld";
    assert_eq!(said(&["context", "add", url, &context, "--data", &data]).0, 0);
    let (code, exported) = said(&["tenants", "export", "-", &file, "--data", &data]);
    assert!(code == 0 && exported.ends_with(": 0 entities, 1 other documents\n"), "{exported}");
    for _ in 0..2 {
        let (code, restored) = said(&["tenants", "restore", "aoi", &file, "--data", &data]);
        assert_eq!((code, &*restored), (0, "tenant aoi is back: 0 entities, 0 other documents\n"));
    }
    let measured = city.get("/machi/v1/tenants/aoi");
    assert!(!measured.contains("\"contexts\":1"), "{measured}");

    for (tenant, name) in [("NGSILD-Tenant: aoi", "aoi"), ("x-none: 1", "-")] {
        let add = format!("/ngsi-ld/v1/jsonldContexts HTTP/1.1\r\n{tenant}\r\nx-rest:");
        assert!(city.post(&add, "application/json", text).starts_with("HTTP/1.1 201"));
        let (code, refused) = said(&["tenants", "restore", name, &file, "--data", &data]);
        assert!(code == 1 && refused.contains(&format!("tenant {name} holds 1 documents; erase it")), "{refused}");
    }
    assert_eq!(said(&["tenants", "erase", "-", "--confirm", "-", "--data", &data]).0, 0);
    let (code, restored) = said(&["tenants", "restore", "-", &file, "--data", &data]);
    assert_eq!((code, &*restored), (0, "tenant - is back: 0 entities, 1 other documents\n"));
    city.end(Signal::TERM);
}

#[test]
fn japanese_operators_read_japanese() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let data = data.to_str().unwrap();
    let japanese = |arguments: &[&str]| {
        let output = machi(arguments).env_remove("LC_ALL").env("LANG", "ja_JP.UTF-8").output().unwrap();
        text(&output.stdout) + &text(&output.stderr)
    };
    let _city = Running::start(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--open"]);
    assert_eq!(japanese(&["tenants", "list", "--data", data]).lines().next(), Some("テナント  エンティティ  バイト"));
    assert!(japanese(&["verify", "--data", data]).starts_with("すべて正常です"));
    assert!(japanese(&["serve", "--data", data]).contains("サインインがなく"));
    let told = japanese(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--open"]);
    assert!(told.contains("は別のプロセスが使用中です"), "{told}");
    let told = japanese(&["tenants", "export", "none", "/dev/null/x", "--data", data]);
    assert_eq!(
        told,
        "machi: 稼働中の都市からの応答: テナント\"none\"は存在しません。テナントは最初の書き込みで作られます\n"
    );
}
