//! `machi import`: files become entities, bad rows are named, and an interruption costs nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::kit::*;

const MAPPING: &str = r#"
id = "urn:ngsi-ld:Aed:{ID}"
type = "Aed"
[attributes.name]
column = "名称"
[attributes.location]
longitude = "経度"
latitude = "緯度"
"#;

const ROWS: &str = "ID,名称,緯度,経度\r\n1,福井駅,36.062,136.223\r\n2,南口,136.2,36\r\n3,東口,36.06,136.225\r\n";

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("aed.toml", MAPPING.as_bytes());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn command(&self, server: &str, tenant: Option<&str>, file: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
        command.arg("import").args(["--server", server]).arg(file).stdin(Stdio::null()).env("LC_ALL", "C");
        if file.extension().is_some_and(|extension| extension == "csv") {
            command.arg("--mapping").arg(self.path("aed.toml"));
        }
        command.args(tenant.into_iter().flat_map(|tenant| ["--tenant", tenant]));
        command
    }

    #[track_caller]
    fn import(&self, tenant: &Client, file: &Path, code: i32) -> String {
        let output = self.command(tenant.base(), tenant.tenant(), file).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

// Issue 2, real data: what follows the end of a JSON file is told, and not passed over in silence.
#[test]
fn what_follows_the_end_of_a_file_is_told() {
    let (files, tenant) = (Files::new(), tenant());
    let one = |number: u8| format!(r#"[{{"id": "urn:ngsi-ld:T:{number}", "type": "T"}}]"#);
    let file = files.write("two.json", (one(1) + &one(2)).as_bytes());
    let told = files.import(&tenant, &file, 3);
    assert!(told.contains("two.json: 2 rows, 1 taken, 1 rejected; the report is "), "{told}");
    let report = fs::read_to_string(files.path("two.json.rejected.csv")).unwrap();
    assert!(report.contains("two.json,2,,something follows the end of the JSON"), "{report}");
}

// Issue 2, real data: a CSV is imported with a mapping; the report names the bad row, what is wrong and what is right.
#[test]
fn a_bad_row_is_named_and_the_others_are_taken() {
    let (files, tenant) = (Files::new(), tenant());
    let file = files.write("aed.csv", ROWS.as_bytes());
    let told = files.import(&tenant, &file, 3);
    assert!(told.contains("aed.csv: 3 rows, 2 taken, 1 rejected; the report is "), "{told}");
    let report = fs::read_to_string(files.path("aed.csv.rejected.csv")).unwrap();
    assert_eq!(
        report,
        "\u{feff}file,row,id,wrong,right\r\naed.csv,3,,\"column \"\"緯度\"\": \"\"136.2\"\" is no latitude\",\"a latitude in degrees, from -90 to 90; it seems to be exchanged with the longitude\"\r\n"
    );
    let entity = tenant.retrieve("urn:ngsi-ld:Aed:1");
    assert_eq!(entity["name"], property("福井駅"));
    assert_eq!(entity["location"]["value"]["coordinates"], json!([136.223, 36.062]));
    tenant.expect_absent("urn:ngsi-ld:Aed:2");

    files.write("aed.csv", ROWS.replace("136.2,36", "36,136.2").as_bytes());
    assert!(files.import(&tenant, &file, 0).contains("3 rows, 3 taken, 0 rejected\n"));
    assert!(!files.path("aed.csv.rejected.csv").exists() && !files.path("aed.csv.rejected.csv.state").exists());
    tenant.retrieve("urn:ngsi-ld:Aed:2");
}

// Issue 2: messages and reports are in Japanese where the environment asks for it, those of the city included.
#[test]
fn an_import_speaks_japanese() {
    let (files, tenant) = (Files::new(), tenant());
    let import = |file: &Path| {
        let mut command = files.command(tenant.base(), tenant.tenant(), file);
        let output = command.env("LC_ALL", "ja_JP.UTF-8").output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        said(&output)
    };
    let file = files.write("aed.csv", ROWS.as_bytes());
    let (told, report) = (import(&file), files.path("aed.csv.rejected.csv"));
    assert!(told.contains("aed.csv: 3行のうち、取り込み2、除外1。記録は"), "{told}");
    assert!(told.contains("machi: 取り込めなかった行: 1。それぞれの誤りと正しい書き方は記録にあります"), "{told}");
    assert_eq!(
        fs::read_to_string(report).unwrap(),
        "\u{feff}ファイル,行,ID,誤り,正しい書き方\r\naed.csv,3,,\"列\"\"緯度\"\": \"\"136.2\"\"は緯度として正しくありません\",緯度(度)、-90から90まで。経度と入れ替わっているようです\r\n"
    );
    let entity = json!({"id": thing("a"), "type": "T", "x": {"type": "Property"}});
    let file = files.write("a.ndjson", entity.to_string().as_bytes());
    import(&file);
    let report = fs::read_to_string(files.path("a.ndjson.rejected.csv")).unwrap();
    assert!(report.contains("属性に値がありません"), "{report}");
}

// Issue 2, real data: UTF-8 and CP932.
#[test]
fn shift_jis_is_recognised() {
    let (files, tenant) = (Files::new(), tenant());
    // 名称 緯度 経度 and 駅 as Windows encodes them.
    let file = files.write("aed.csv", b"ID,\x96\xbc\x8f\xcc,\x88\xdc\x93x,\x8co\x93x\r\n1,\x89w,36,136\r\n");
    files.import(&tenant, &file, 0);
    assert_eq!(tenant.retrieve("urn:ngsi-ld:Aed:1")["name"], property("駅"));
}

// Issue 2, real data: NGSI-LD JSON, NDJSON and GeoJSON; what the city refuses is in the report like any other row.
#[test]
fn entities_and_features_are_imported() {
    let (files, tenant) = (Files::new(), tenant());
    let lines = [
        json!({"id": thing("a"), "type": "T", "x": 1}),
        json!({"id": thing("b"), "type": "T", "x": {"type": "Property"}}),
        json!({"id": thing("c"), "type": "T", "x": {"type": "Number", "value": 2, "metadata": {}}}),
        json!({"id": thing("d"), "type": "T", "x": 1, "@context": {"x": "https://example.org/x"}}),
    ];
    let text = lines.map(|line| line.to_string()).join("\n");
    let file = files.write("t.ndjson", text.as_bytes());
    assert!(files.import(&tenant, &file, 3).contains("4 rows, 3 taken, 1 rejected"));
    let report = fs::read_to_string(files.path("t.ndjson.rejected.csv")).unwrap();
    assert!(report.lines().nth(1).unwrap().starts_with("t.ndjson,2,urn:ngsi-ld:T:b,"), "{report}");
    assert_eq!(tenant.retrieve(&thing("c"))["x"], property(2));
    assert_eq!(tenant.retrieve(&thing("d"))["https://example.org/x"], property(1));

    let feature = json!({"type": "Feature", "id": thing("f"), "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"type": "T", "x": 7}});
    let collection = json!({"type": "FeatureCollection", "features": [feature]});
    let file = files.write("t.geojson", collection.to_string().as_bytes());
    files.import(&tenant, &file, 0);
    assert_eq!(tenant.retrieve(&thing("f"))["location"]["value"]["coordinates"], json!([1, 2]));
}

// Issue 2, real data: a file without a mapping is answered with one to begin with.
#[test]
fn a_missing_mapping_is_proposed() {
    let (files, tenant) = (Files::new(), tenant());
    let file = files.write("aed.csv", ROWS.as_bytes());
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
        command.args(["import", "--server", tenant.base()]).arg(&file).args(more).output().unwrap()
    };
    let refused = run(&[]);
    assert_eq!(refused.status.code(), Some(1));
    let proposed = run(&["--propose"]);
    assert!(proposed.status.success());
    let mapping = String::from_utf8(proposed.stdout).unwrap();
    assert!(said(&refused).contains("machi import --propose") && said(&refused).contains(mapping.trim()), "{mapping}");
    files.write("aed.toml", mapping.as_bytes());
    files.import(&tenant, &file, 3);
    assert_eq!(tenant.retrieve("urn:ngsi-ld:Thing:3")["name"], property("東口"));
}

// Issue 2, real data: an import that was killed goes on where it stopped, and its report is whole.
#[test]
fn a_killed_import_goes_on() {
    let (files, tenant) = (Files::new(), tenant());
    let row = |n: usize| if n % 500 == 7 { format!("{n},x,95,136\n") } else { format!("{n},x,36,136\n") };
    let rows: String = (0..4500).map(row).collect();
    let file = files.write("aed.csv", format!("ID,名称,緯度,経度\n{rows}").as_bytes());
    let passed = Arc::new(AtomicUsize::new(0));
    let door = door(tenant.base(), 2, Arc::clone(&passed));

    let mut child =
        files.command(&door, tenant.tenant(), &file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let state = files.path("aed.csv.rejected.csv.state");
    eventually("two batches are noted", || {
        let noted = fs::read_to_string(&state).ok()?;
        noted.contains("\"rows\":2").then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(passed.load(Ordering::SeqCst), 2);

    // Another address would be another import; so the same one must now let everything through.
    passed.store(usize::MAX / 2, Ordering::SeqCst);
    let output = files.command(&door, tenant.tenant(), &file).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let told = said(&output);
    assert!(told.contains("4500 rows, 4491 taken, 9 rejected, 20") && told.contains("in an earlier run"), "{told}");
    assert_eq!(passed.load(Ordering::SeqCst) - usize::MAX / 2, 3, "what was done was not sent again");
    let report = fs::read_to_string(files.path("aed.csv.rejected.csv")).unwrap();
    let lines: Vec<&str> = report.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(lines, ["9", "509", "1009", "1509", "2009", "2509", "3009", "3509", "4009"]);
    tenant.retrieve("urn:ngsi-ld:Aed:4499");
}

/// A way to a server that lets so many requests through and then keeps the others waiting; it counts those it let through.
fn door(server: &str, open_for: usize, passed: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = server.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (server, passed) = (server.clone(), Arc::clone(&passed));
            thread::spawn(move || pass(client.unwrap(), &server, open_for, &passed));
        }
    });
    format!("http://{address}")
}

fn pass(client: std::net::TcpStream, server: &str, open_for: usize, passed: &AtomicUsize) {
    let mut from_client = BufReader::new(client.try_clone().unwrap());
    let mut to_client = client;
    loop {
        let Some(request) = message(&mut from_client) else { return };
        let is_shut = |count: usize| (open_for..usize::MAX / 2).contains(&count);
        if is_shut(passed.load(Ordering::SeqCst)) {
            // Held until the client goes away.
            let _ = from_client.read(&mut [0]);
            return;
        }
        let mut upstream = std::net::TcpStream::connect(server).unwrap();
        upstream.write_all(&request).unwrap();
        let answer = message(&mut BufReader::new(upstream)).unwrap();
        passed.fetch_add(1, Ordering::SeqCst);
        if to_client.write_all(&answer).is_err() {
            return;
        }
    }
}

/// One HTTP message with its length in its head.
fn message(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let (mut text, mut length) = (Vec::new(), 0);
    loop {
        let start = text.len();
        if reader.read_until(b'\n', &mut text).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&text[start..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    text.extend(body);
    Some(text)
}
