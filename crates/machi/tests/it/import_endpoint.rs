//! `POST /machi/v1/import`: what `machi import` does, by one request, whatever happens on its way.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

mod alone;

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::kit::*;

const PATH: &str = "/machi/v1/import";
const CSV: &str = "ID,名称,緯度,経度\r\n1,福井駅,36.062,136.223\r\n2,南口,136.2,36\r\n3,東口,36.06,136.225\r\n";
const MAPPING: &str = r#"
id = "urn:ngsi-ld:Aed:{ID}"
type = "Aed"
[attributes.name]
column = "名称"
[attributes.location]
longitude = "経度"
latitude = "緯度"
"#;

/// A part of a form: its name, its file's name, its media type and what it holds.
type Part<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

/// A form as curl sends it, and its media type.
fn form(parts: &[Part<'_>]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, file, media, content) in parts {
        write!(body, "--bound\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n").unwrap();
        write!(body, "Content-Type: {media}\r\n\r\n").unwrap();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--bound--\r\n");
    ("multipart/form-data; boundary=bound".to_owned(), body)
}

fn send_form(tenant: &Client, parts: &[Part<'_>]) -> Answer {
    let (media, body) = form(parts);
    tenant.post(PATH).body(&media, body).send()
}

fn send(tenant: &Client, media: &str, body: &[u8]) -> Answer {
    tenant.post(PATH).body(media, body).send()
}

const MAPPED: Part<'static> = ("mapping", "aed.toml", "application/octet-stream", MAPPING.as_bytes());

fn file(content: &str) -> Part<'_> {
    ("file", "aed.csv", "text/csv", content.as_bytes())
}

/// A text of lines.
fn text(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().concat()
}

/// The detail of a refusal.
#[track_caller]
fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.media_type(), "application/problem+json", "{answer:?}");
    answer.json()["detail"].as_str().unwrap().to_owned()
}

/// What a report counts: rows, taken, rejected.
#[track_caller]
fn counts(report: &Value) -> [u64; 3] {
    ["rows", "taken", "rejected"].map(|count| report[count].as_u64().unwrap_or_else(|| panic!("{report}")))
}

fn own_city(config: &str) -> City {
    let options = Options { config: Some(config.to_owned()), ..Options::default() };
    City::start_with(env!("CARGO_BIN_EXE_machi"), options)
}

// Issue 2, real data: a CSV and its mapping come in one form; the report names the bad row, and the others are taken.
#[test]
fn a_csv_comes_with_its_mapping() {
    for parts in [[MAPPED, file(CSV)], [file(CSV), MAPPED]] {
        let tenant = tenant();
        let report = send_form(&tenant, &parts).expect_status(207).json();
        let expected = json!({
            "format": "csv", "encoding": "utf8", "rows": 3, "taken": 2, "rejected": 1, "unlisted": 0,
            "rejectedRows": [{
                "row": 3,
                "wrong": "column \"緯度\": \"136.2\" is no latitude",
                "right": "a latitude in degrees, from -90 to 90; it seems to be exchanged with the longitude",
            }],
        });
        assert_eq!(report, expected);
        assert_eq!(tenant.query(&[("type", "Aed")]), ["urn:ngsi-ld:Aed:1", "urn:ngsi-ld:Aed:3"]);
        assert_eq!(tenant.retrieve("urn:ngsi-ld:Aed:1")["location"]["value"]["coordinates"], json!([136.223, 36.062]));
        let corrected = CSV.replace("136.2,36", "36,136.2");
        let report = send_form(&tenant, &[MAPPED, file(&corrected)]).expect_status(200).json();
        assert_eq!(counts(&report), [3, 3, 0]);
    }
}

// Issue 2, real data: reports are in Japanese where that is asked for, those of the city included.
#[test]
fn the_report_speaks_japanese() {
    let tenant = tenant();
    let (media, body) = form(&[MAPPED, file(CSV)]);
    let answer = tenant.post(PATH).header("Accept-Language", "ja").body(&media, body).send().expect_status(207);
    assert_eq!(answer.expect_header("content-language"), "ja");
    assert_eq!(answer.json()["rejectedRows"][0]["right"], "緯度(度)、-90から90まで。経度と入れ替わっているようです");
    let line = json!({"id": thing("a"), "type": "T", "x": {"type": "Property"}}).to_string();
    let request = tenant.post(PATH).header("Accept-Language", "ja").body("application/x-ndjson", line);
    let report = request.send().expect_status(207).json();
    assert_eq!(report["rejectedRows"][0]["id"], thing("a"));
    assert!(report["rejectedRows"][0]["wrong"].as_str().unwrap().contains("属性に値がありません"), "{report}");
}

// Issue 2, real data: CP932 is told by its charset or a parameter, or recognised, also where it comes late.
#[test]
fn shift_jis_is_told_or_recognised() {
    // 駅, as Windows encodes it.
    let csv = b"id,type,name\nurn:ngsi-ld:T:1,T,\x89w\n";
    for (media, query) in [
        ("text/csv; charset=shift_jis", &[][..]),
        ("text/csv; charset=Windows-31J", &[]),
        ("text/csv", &[]),
        ("text/csv", &[("encoding", "cp932")]),
        ("text/csv; charset=utf-8", &[("encoding", "cp932")]),
    ] {
        let tenant = tenant();
        let report = tenant.post(PATH).query(query).body(media, csv).send().expect_status(200).json();
        assert_eq!((&report["encoding"], counts(&report)), (&json!("cp932"), [1, 1, 0]), "{media}");
        assert_eq!(tenant.retrieve("urn:ngsi-ld:T:1")["name"], property("駅"));
    }
    let tenant = tenant();
    let report = send(&tenant, "text/csv; charset=utf-8", csv).expect_status(207).json();
    let wrong = report["rejectedRows"][0]["wrong"].as_str().unwrap();
    assert!(wrong.starts_with("column \"name\": the bytes are no UTF-8 text"), "{wrong}");
    let late = text((0..5000).map(|n| format!("urn:ngsi-ld:T:{n},T,plain text\n")));
    let late = [b"id,type,name\n", late.as_bytes(), b"urn:ngsi-ld:T:last,T,\x89w\n"].concat();
    assert_eq!(counts(&send(&tenant, "text/csv", &late).expect_status(200).json()), [5001, 5001, 0]);
    assert_eq!(tenant.retrieve("urn:ngsi-ld:T:last")["name"], property("駅"));
}

// Issue 2, real data: NGSI-LD JSON, JSON-LD, NDJSON and GeoJSON; a Link names the @context of entities that carry none.
#[test]
fn entities_and_features_are_imported() {
    let tenant = tenant();
    let contexts = Receiver::start();
    let context = contexts.serve("/context", json!({"@context": {"x": "https://example.org/x"}}));
    let own = json!({"id": thing("own"), "type": "T", "x": 1, "@context": {"x": "https://example.org/own"}});
    let plain = |name: &str| json!({"id": thing(name), "type": "T", "x": 2});
    let lines = format!("{own}\n{}\n{{\"id\":\n{}\n", plain("a"), plain("b"));
    let request = tenant.post(PATH).link(&context).body("application/x-ndjson", lines);
    let report = request.send().expect_status(207).json();
    assert_eq!((&report["format"], counts(&report)), (&json!("ndjson"), [4, 3, 1]));
    assert_eq!(report["rejectedRows"][0]["row"], 3);
    assert_eq!(tenant.retrieve(&thing("own"))["https://example.org/own"], property(1));
    for name in ["a", "b"] {
        assert_eq!(tenant.retrieve(&thing(name))["https://example.org/x"], property(2));
    }

    let array = json!([plain("c"), own, plain("d")]).to_string();
    for media in ["application/json", "application/ld+json"] {
        assert_eq!(counts(&send(&tenant, media, array.as_bytes()).expect_status(200).json()), [3, 3, 0]);
    }
    let feature = json!({"type": "Feature", "id": thing("f"), "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"type": "T"}});
    let collection = json!({"type": "FeatureCollection", "features": [feature]}).to_string();
    let report = send(&tenant, "application/geo+json", collection.as_bytes()).expect_status(200).json();
    assert_eq!(report["format"], "geojson");
    assert_eq!(tenant.retrieve(&thing("f"))["location"]["value"]["coordinates"], json!([1, 2]));
    let untold: Part<'_> = ("file", "t.geojson", "application/octet-stream", collection.as_bytes());
    assert_eq!(send_form(&tenant, &[untold]).expect_status(200).json()["format"], "geojson");
}

// Issue 2, real data: an import replaces what exists, or leaves alone what it does not name.
#[test]
fn an_import_replaces_or_updates() {
    let tenant = tenant();
    tenant.create(&t("a", json!({"x": property(1), "y": property(2)})));
    let row = json!({"id": thing("a"), "type": "T", "x": 3}).to_string();
    let import = |query: &[(&str, &str)]| {
        tenant.post(PATH).query(query).body("application/json", row.as_str()).send().expect_status(200);
        tenant.retrieve(&thing("a"))
    };
    let updated = import(&[("options", "update")]);
    assert_eq!((&updated["x"], &updated["y"]), (&property(3), &property(2)));
    assert!(import(&[("options", "replace")]).get("y").is_none());
}

// Issue 2, real data: numbers arrive as they are written, or not at all.
#[test]
fn no_digit_of_a_number_is_lost() {
    let tenant = tenant();
    let mapping = "id = \"urn:ngsi-ld:T:{id}\"\ntype = \"T\"\n[attributes.n]\ncolumn = \"n\"\nkind = \"number\"\n[attributes.text]\ncolumn = \"n\"\n";
    let numbers =
        ["18446744073709551615", "-9223372036854775808", "0.1234567890123456", "36.061949999999996", "1.50", "1e-7"];
    let beyond = ["0.12345678901234567890", "123456789012345678901234567890", "1e400", "1e-400"];
    let rows = text(numbers.iter().chain(&beyond).enumerate().map(|(id, n)| format!("{id},{n}\n")));
    let mapped = ("mapping", "m.toml", "text/plain", mapping.as_bytes());
    let report = send_form(&tenant, &[mapped, file(&format!("id,n\n{rows}"))]).expect_status(207).json();
    assert_eq!(counts(&report), [10, 6, 4]);
    for (index, number) in numbers.iter().enumerate() {
        let entity = tenant.get(&format!("/entities/urn:ngsi-ld:T:{index}")).query(&[("options", "keyValues")]).send();
        let written = entity.text();
        let expected = if *number == "1.50" { "1.5" } else { number };
        assert!(written.contains(&format!("\"n\":{expected}")), "{number}: {written}");
        assert!(written.contains(&format!("\"text\":\"{number}\"")), "{number}: {written}");
    }
    for row in report["rejectedRows"].as_array().unwrap() {
        assert!(row["wrong"].as_str().unwrap().contains("than a number keeps"), "{row}");
        assert!(row["right"].as_str().unwrap().contains("kept as texts"), "{row}");
    }
    let recognised = text(beyond.iter().enumerate().map(|(id, n)| format!("urn:ngsi-ld:U:{id},U,{n}\n")));
    send(&tenant, "text/csv", format!("id,type,n\n{recognised}").as_bytes()).expect_status(200);
    for (index, number) in beyond.iter().enumerate() {
        assert_eq!(tenant.retrieve(&format!("urn:ngsi-ld:U:{index}"))["n"], property(*number));
    }
}

// Issue 2, real data: what is none of the files that are taken is 415, and the answer says what is.
#[test]
fn other_media_types_are_refused() {
    let tenant = tenant();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "image/png",
        "text/csv; charset=euc-jp",
        "application/json; charset=shift_jis",
    ] {
        let answer = send(&tenant, media, b"id,type\n");
        refused(&answer, 415);
        assert!(answer.expect_header("accept-post").contains("text/csv"), "{answer:?}");
    }
    let answer = tenant.post(PATH).untyped_body("id,type\n").send();
    assert!(refused(&answer, 415).contains("there is no Content-Type"));
    let image = ("file", "a.png", "image/png", &b"x"[..]);
    refused(&send_form(&tenant, &[image]), 415);
    // Whoever asks before it sends is told at once.
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"
    );
    refused(&city().raw(head.as_bytes()), 415);
}

// Issue 2, real data: a mapping, a form or a parameter at fault is 400, with its place, and nothing is imported.
#[test]
fn what_is_malformed_is_told_with_its_place() {
    let tenant = tenant();
    let mapping = |text: &'static str| ("mapping", "m.toml", "application/toml", text.as_bytes());
    for (parts, expected) in [
        (
            vec![mapping("id = \"urn:x:{ID}\"\ntype = \n"), file(CSV)],
            "the mapping cannot be used: TOML parse error at line 2, column 8",
        ),
        (vec![mapping("id = \"x\"\ntype = \"T\"\ncolour = 1\n"), file(CSV)], "unknown field `colour`"),
        (
            vec![mapping("id = \"urn:x:{ID}\"\ntype = \"T\"\n[attributes.a]\ncolumn = \"b\"\n"), file(CSV)],
            "the mapping names the column \"b\"; the file has \"ID\", \"名称\"",
        ),
        (vec![MAPPED], "the form has no part \"file\""),
        (vec![], "the form has no part \"file\""),
        (vec![("context", "", "text/plain", b"x"), file(CSV)], "the form has a part \"context\""),
        (vec![MAPPED, file(CSV), file(CSV)], "more than one part \"file\""),
        (vec![MAPPED, MAPPED, file(CSV)], "more than one part \"mapping\""),
        (vec![MAPPED, file("")], "the file is empty"),
        (vec![MAPPED, file("\u{feff}ID,ID\n")], "the file has \"ID\", \"ID_2\""),
    ] {
        let detail = refused(&send_form(&tenant, &parts), 400);
        assert!(detail.contains(expected), "{detail}");
    }
    for (query, expected) in [
        ([("option", "update")], "did you mean \"options\"?"),
        ([("options", "merge")], "merge"),
        ([("options", "replace,update")], "both replace and update"),
        ([("encoding", "euc-jp")], "utf8 or cp932"),
    ] {
        let answer = tenant.post(PATH).query(&query).body("text/csv", CSV).send();
        assert!(refused(&answer, 400).contains(expected), "{answer:?}");
    }
    for (media, body, expected) in [
        ("multipart/form-data", "", "has no boundary"),
        (
            "multipart/form-data; boundary=bound",
            "--bound\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nID",
            "ends before its last boundary",
        ),
        (
            "multipart/form-data; boundary=bound",
            "--bound\r\nX: y\r\n\r\nID\r\n--bound--",
            "a part of the form has no name",
        ),
        ("text/csv", "\u{feff}", "the file is empty"),
    ] {
        let answer = send(&tenant, media, body.as_bytes());
        assert!(refused(&answer, 400).contains(expected), "{answer:?}");
    }
    let answer = tenant.post(PATH).header("NGSILD-Tenant", "other").body("text/csv", CSV).send();
    assert!(refused(&answer, 400).contains("NGSILD-Tenant is given more than once"));
    tenant.expect_absent("urn:ngsi-ld:Aed:1");
}

// Issue 2, real data: a file whose columns tell neither id nor type is answered with a mapping to begin with.
#[test]
fn a_missing_mapping_is_proposed() {
    let tenant = tenant();
    let answer = send(&tenant, "text/csv", CSV.as_bytes());
    assert!(refused(&answer, 400).contains("curl -F mapping=@MAPPING -F file=@FILE"));
    let proposal = answer.json()["proposal"].as_str().unwrap().to_owned();
    assert!(proposal.contains("id = \"urn:ngsi-ld:Thing:{ID}\""), "{proposal}");
    let asked = tenant.post("/machi/v1/import/proposal").body("text/csv", CSV).send().expect_status(200);
    assert_eq!((asked.media_type(), asked.text()), ("application/toml".to_owned(), proposal.clone()));
    let mapped = ("mapping", "m.toml", "text/plain", proposal.as_bytes());
    assert_eq!(counts(&send_form(&tenant, &[mapped, file(CSV)]).expect_status(207).json()), [3, 2, 1]);
    tenant.retrieve("urn:ngsi-ld:Thing:3");
    let (media, body) = form(&[file(&CSV.repeat(10_000))]);
    let long = tenant.post("/machi/v1/import/proposal").body(&media, body).send().expect_status(200);
    assert!(long.text().starts_with("# "), "{}", long.text());
    let none = tenant.post("/machi/v1/import/proposal").body("application/json", "[]").send();
    assert!(refused(&none, 400).contains("entities in JSON need no mapping"));
}

// Issue 2, tenants: each tenant has what was imported into it, and nothing of another's.
#[test]
fn two_tenants_import_the_same_file() {
    let (one, two) = (tenant(), tenant());
    let row = |value: u64| json!({"id": thing("a"), "type": "T", "x": value}).to_string();
    send(&one, "application/json", row(1).as_bytes()).expect_status(200);
    two.expect_absent(&thing("a"));
    send(&two, "application/json", row(2).as_bytes()).expect_status(200);
    assert_eq!((&one.retrieve(&thing("a"))["x"], &two.retrieve(&thing("a"))["x"]), (&property(1), &property(2)));
    let strict = own_city("[tenants]\ncreate = false\n");
    let answer = send(&strict.tenant("unknown"), "application/json", row(1).as_bytes());
    refused(&answer, 404);
    assert_eq!(counts(&answer.json()["report"]), [0, 0, 0]);
}

// WHATWG Fetch: a form of a foreign page imports nothing.
#[test]
fn a_foreign_page_imports_nothing() {
    let tenant = tenant();
    let (media, body) = form(&[MAPPED, file(CSV)]);
    let answer = tenant.post(PATH).header("Origin", "https://elsewhere.example").body(&media, body).send();
    assert_eq!(answer.status, 403, "{answer:?}");
    tenant.expect_absent("urn:ngsi-ld:Aed:1");
}

/// A request of which more is sent piece by piece.
struct Stream(TcpStream);

impl Stream {
    fn open(city: &City, media: &str) -> Self {
        let mut stream = TcpStream::connect(city.address()).unwrap();
        write!(
            stream,
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .unwrap();
        Self(stream)
    }

    fn send(&mut self, piece: &str) {
        write!(self.0, "{:x}\r\n{piece}\r\n", piece.len()).unwrap();
    }

    /// What is answered until the server hangs up.
    fn answer(mut self) -> String {
        let _ = self.0.write_all(b"0\r\n\r\n");
        let _ = self.0.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    text(numbers.map(|n| format!("{{\"id\":\"urn:ngsi-ld:T:{n}\",\"type\":\"T\",\"n\":{n}}}\n")))
}

fn count(client: &Client) -> usize {
    let answer = client.get("/entities").query(&[("type", "T"), ("count", "true"), ("limit", "0")]).send();
    if answer.status == 404 { 0 } else { answer.expect_header("ngsild-results-count").parse().unwrap() }
}

// Issue 2, real data: what a broken import has taken stays, half a row is none, and the file sent again gives the same.
#[test]
fn a_connection_that_breaks_leaves_whole_rows() {
    let city = own_city("");
    let client = city.client();
    let mut stream = Stream::open(&city, "application/x-ndjson");
    stream.send(&lines(0..3500));
    eventually("three batches are durable", || (count(&client) == 3000).then_some(()));
    stream.send("{\"id\":\"urn:ngsi-ld:T:35");
    drop(stream);
    let mut csv = Stream::open(&city, "text/csv");
    csv.send("id,type,n\nurn:ngsi-ld:U:1,U,12");
    drop(csv);
    let report = send(&client, "application/x-ndjson", lines(0..4000).as_bytes()).expect_status(200).json();
    assert_eq!(counts(&report), [4000, 4000, 0]);
    assert_eq!(count(&client), 4000);
    client.expect_absent("urn:ngsi-ld:U:1");
}

// Issue 2, real data: an import that is killed with its city leaves what was durable, and can be sent again.
#[test]
fn a_killed_city_keeps_what_was_taken() {
    let city = own_city("");
    let client = city.client();
    let mut stream = Stream::open(&city, "application/x-ndjson");
    stream.send(&lines(0..2700));
    eventually("two batches are durable", || (count(&client) == 2000).then_some(()));
    city.kill();
    city.restart();
    assert_eq!(count(&client), 2000);
    assert_eq!(client.retrieve("urn:ngsi-ld:T:1999")["n"], property(1999));
    let report = send(&client, "application/x-ndjson", lines(0..2700).as_bytes()).expect_status(200).json();
    assert_eq!((counts(&report), count(&client)), ([2700, 2700, 0], 2700));
}

// Issue 2, operation: a city that closes ends its imports in time, and says how far they came.
#[test]
fn a_closing_city_ends_its_imports() {
    let city = own_city("");
    let client = city.client();
    let mut stream = Stream::open(&city, "application/x-ndjson");
    stream.send(&lines(0..1500));
    eventually("a batch is durable", || (count(&client) == 1000).then_some(()));
    assert!(city.stop().success());
    let answer = stream.answer();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("the city closes"), "{answer}");
    assert!(answer.contains("\"rows\":1000,\"taken\":1000"), "{answer}");
}

// Issue 2, limits: A file has a longest size, a report a largest one, and imports are counted.
#[test]
fn an_import_has_limits() {
    let city = own_city("[limits]\nimport_body = \"512 KiB\"\nimport_report = \"4 KiB\"\nimports = 1\n");
    let client = city.client();
    let long = vec![b' '; (512 << 10) + 1];
    assert!(refused(&send(&client, "application/json", &long), 413).contains("[limits] import_body"));

    let mut stream = Stream::open(&city, "application/x-ndjson");
    let first = lines(0..1500);
    stream.send(&first);
    eventually("a batch is durable", || (count(&client) == 1000).then_some(()));
    let second = send(&client, "application/json", b"[]");
    assert!(refused(&second, 503).contains("[limits] imports"), "{second:?}");
    assert!(second.expect_header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    for _ in 0..=((512 << 10) / first.len()) {
        stream.send(&first);
    }
    let answer = stream.answer();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"report\":{\"format\":\"ndjson\""), "{answer}");

    let bad = "{\"id\":\"urn:ngsi-ld:T:1\"}\n".repeat(200) + "{\"id\":\"urn:ngsi-ld:T:1\",\"type\":\"T\"}\n";
    let report = eventually("the place is free again", || {
        let answer = send(&client, "application/x-ndjson", bad.as_bytes());
        (answer.status != 503).then(|| answer.expect_status(207).json())
    });
    assert_eq!(counts(&report), [201, 1, 200]);
    let (listed, unlisted) =
        (report["rejectedRows"].as_array().unwrap().len() as u64, report["unlisted"].as_u64().unwrap());
    assert!((1..20).contains(&listed) && listed + unlisted == 200, "{report}");
    assert_eq!(report["rejectedRows"][0]["row"], 1);
}

// Issue 2, line 8: a full disk ends an import with 503 and the report of what is durable; it can be sent again.
#[test]
fn a_full_disk_ends_an_import() {
    let Some(disk) = SmallDisk::mount(48 << 20) else {
        println!("SKIPPED: the kernel lets nobody mount here");
        return;
    };
    let options = Options { data: Some(disk.path().join("city")), ..Options::default() };
    let city = City::start_with(env!("CARGO_BIN_EXE_machi"), options);
    let client = city.client();
    client.create(&t("first", json!({})));
    disk.fill();
    let answer = eventually("an import finds the disk full", || {
        let answer = send(&client, "application/x-ndjson", lines(0..3000).as_bytes());
        disk.fill();
        (answer.status != 200).then_some(answer)
    });
    let detail = refused(&answer, 503);
    assert!(detail.contains("No space left"), "{detail}");
    let [rows, taken, rejected] = counts(&answer.json()["report"]);
    assert!(rows < 3000 && taken == rows && rejected == 0, "{answer:?}");
    disk.free();
    let report = eventually("the city writes again", || {
        let answer = send(&client, "application/x-ndjson", lines(0..3000).as_bytes());
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!((counts(&report), count(&client)), ([3000, 3000, 0], 3001));
}
