//! Measured series with times of their own: what comes in by `machi import` is the past of its entities, each moment once,
//! and the present follows the newest. What pandas computes from the files is what the temporal API tells; `make realdata`
//! does the same with whole files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::kit::*;
use crate::python::program;

/// As gauges are published: a byte order mark, midnights called 24:00, cells that say nothing, rows in no order, blanks
/// behind names, and one gauge that was told twice of a time.
const LEVELS: &str = "\u{feff}日時,河川水位 ,id\r
2021-08-15T00:10,1.27,1\r
2021-08-14T24:00,1.36,1\r
2021-08-14T23:50,*,1\r
2021-08-15T00:10,3.83,3\r
2021-08-15T00:00,---,3\r
2021-08-14T24:00,2.90,2\r
2021-08-15T00:20,1.31,1\r
2021-08-15T00:10,1.28,1\r
2021-08-15T00:20,,2\r
2021-08-15T00:30,349.75,2\r
";

const AIR: &str = r#"
id = "urn:ngsi-ld:AirHandlingUnit:2"
type = "AirHandlingUnit"
series = true
observed_at = "Datetime"
time_zone = "-06:00"
time_format = "%m/%d/%Y %H:%M"
[attributes.supplyAirTemperature]
column = "AHU: Supply Air Temperature"
kind = "number"
unit = "FAH"
[attributes.supplyFanSpeed]
column = "AHU: Supply Air Fan Speed Control Signal  "
kind = "number"
"#;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

fn river_mapping() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/mappings/river-level.toml")
}

#[track_caller]
fn import(tenant: &Client, mapping: &Path, file: &Path, code: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
    command.args(["import", "--server", tenant.base(), "--tenant", tenant.tenant().unwrap(), "--mapping"]);
    let output = command.arg(mapping).arg(file).stdin(Stdio::null()).env("LC_ALL", "C").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

/// Some days of minutes, with whole numbers among the others.
fn air() -> String {
    let mut text = "Datetime,AHU: Supply Air Temperature,AHU: Supply Air Fan Speed Control Signal  \n".to_owned();
    for minute in 0..3000_u32 {
        let (day, hour, of_hour) = (28 + minute / 1440 % 4, minute / 60 % 24, minute % 60);
        let temperature = f64::from(6000 + minute * 7919 % 2500) / 100.0;
        writeln!(text, "8/{day}/2007 {hour}:{of_hour:02},{temperature},{}", f64::from(minute % 5) / 5.0).unwrap();
    }
    text
}

// Issue 4, line 6: every series of files as they are published, with their own times.
#[test]
fn series_come_to_what_pandas_computes() {
    let Some(python) = python_with(&["pandas"]) else { return };
    let files = Files::new();
    let air_mapping = files.write("air.toml", AIR);
    for (file, mapping) in
        [(files.write("levels.csv", LEVELS), river_mapping()), (files.write("air.csv", &air()), air_mapping)]
    {
        let tenant = tenant();
        let mut command = program(&python, "series.py");
        command.arg(env!("CARGO_BIN_EXE_machi")).args([tenant.base(), tenant.tenant().unwrap()]);
        let output = command.arg(mapping).arg(file).env("LC_ALL", "C").output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        println!("{told}");
    }
}

fn levels(tenant: &Client, gauge: u32) -> Vec<(String, Value)> {
    let path = format!("/temporal/entities/urn:ngsi-ld:RiverGauge:{gauge}");
    let told = tenant.get(&path).query(&[("options", "temporalValues")]).send().expect_status(200).json();
    let mut values: Vec<(String, Value)> = told["waterLevel"]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one[1].as_str().unwrap().to_owned(), one[0].clone()))
        .collect();
    values.sort_by(|one, other| one.0.cmp(&other.0));
    values
}

// docs/temporal-api.md, D1: all rows are the past, and the present is the newest of them, whatever their order.
#[test]
fn the_present_is_the_newest_row() {
    let (files, tenant) = (Files::new(), tenant());
    let told = import(&tenant, &river_mapping(), &files.write("levels.csv", LEVELS), 0);
    assert!(told.contains("levels.csv: 10 rows, 10 taken, 0 rejected"), "{told}");
    let present = tenant.retrieve("urn:ngsi-ld:RiverGauge:1");
    assert_eq!(
        present["waterLevel"],
        json!({"type": "Property", "value": 1.31, "unitCode": "MTR", "observedAt": "2021-08-14T15:20:00Z"})
    );
    let time = |minutes: &str| format!("2021-08-14T15:{minutes}:00Z");
    let expected = [(time("00"), json!(1.36)), (time("10"), json!(1.28)), (time("20"), json!(1.31))];
    assert_eq!(levels(&tenant, 1), expected);
    assert_eq!(levels(&tenant, 2), [(time("00"), json!(2.9)), (time("30"), json!(349.75))]);
}

// docs/temporal-api.md, D1: what is older than the present leaves it alone, and so does what is yet to come; told again, nothing comes
// twice and instances stay what they are.
#[test]
fn what_is_older_than_the_present_leaves_it_alone() {
    let (files, tenant) = (Files::new(), tenant());
    let measured = |value: f64, time: &str| {
        json!({"id": "urn:ngsi-ld:RiverGauge:1", "type": "RiverGauge",
            "waterLevel": {"type": "Property", "value": value, "unitCode": "MTR", "observedAt": time}})
    };
    tenant.create(&measured(7.0, "2021-08-14T15:15:00Z"));
    let older = LEVELS.lines().filter(|line| !line.contains("00:20,1.31")).collect::<Vec<_>>().join("\n");
    let file = files.write("levels.csv", &(older + "\n2999-01-01T00:00,9.9,1\n2999-01-01T00:00,9.9,4\n"));
    import(&tenant, &river_mapping(), &file, 0);
    assert_eq!(tenant.retrieve("urn:ngsi-ld:RiverGauge:1")["waterLevel"]["value"], json!(7.0));
    tenant.expect_absent("urn:ngsi-ld:RiverGauge:4");
    let all = levels(&tenant, 1);
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(levels(&tenant, 4).len(), 1);
    let evolution = || {
        let path = "/temporal/entities/urn:ngsi-ld:RiverGauge:1";
        tenant.get(path).query(&[("options", "sysAttrs")]).send().expect_status(200).json()
    };
    let before = evolution();
    import(&tenant, &river_mapping(), &file, 0);
    assert_eq!(evolution(), before);
    // A value that was corrected in the file is corrected where it is.
    let corrected = fs::read_to_string(&file).unwrap().replace("24:00,1.36", "24:00,1.63");
    import(&tenant, &river_mapping(), &files.write("levels.csv", &corrected), 0);
    let after = levels(&tenant, 1);
    assert_eq!((after.len(), &after[0].1), (4, &json!(1.63)));
}

// Issue 2, real data: a bad row is named, and the others are taken.
#[test]
fn a_row_without_its_time_is_named() {
    let (files, tenant) = (Files::new(), tenant());
    let text = "日時,河川水位,id\n,1.2,1\n2021-08-15T25:00,1.3,1\n2021-08-15T00:10,1.4,1\n,*,1\n";
    let told = import(&tenant, &river_mapping(), &files.write("levels.csv", text), 3);
    assert!(told.contains("4 rows, 2 taken, 2 rejected"), "{told}");
    let report = fs::read_to_string(files.0.path().join("levels.csv.rejected.csv")).unwrap();
    let rows: Vec<&str> = report.lines().skip(1).collect();
    assert!(rows[0].starts_with("levels.csv,2,,\"column \"\"日時\"\" is empty\",the time at which"), "{report}");
    assert!(rows[1].contains("is no date and time"), "{report}");
    assert_eq!(levels(&tenant, 1).len(), 1);
}

// POST /machi/v1/import does the same.
#[test]
fn a_series_comes_over_http() {
    let tenant = tenant();
    let mapping = fs::read_to_string(river_mapping()).unwrap();
    let part = |name: &str, content: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.csv\"\r\n\r\n{content}\r\n")
    };
    let form = part("mapping", &mapping) + &part("file", LEVELS) + "--x--\r\n";
    let url = format!("{}/machi/v1/import", tenant.base());
    let answer = tenant.post(&url).body("multipart/form-data; boundary=x", form).send().expect_status(200).json();
    assert_eq!((&answer["taken"], &answer["rejected"]), (&json!(10), &json!(0)));
    assert_eq!(levels(&tenant, 1).len(), 3);
}
