//! The past of a running city: through backups and erasures, and the city as it was.

use std::path::{Path, PathBuf};

use crate::kit::*;

/// A city that archives what it can within a moment.
fn hasty() -> Options {
    let config = "[history]\narchive_after = \"100ms\"\nupkeep = \"200ms\"\n";
    Options { config: Some(config.to_owned()), ..Options::default() }
}

fn start(options: Options) -> City {
    City::start_with(env!("CARGO_BIN_EXE_machi"), options)
}

/// A machi command on two places; what it wrote.
fn evolution(client: &Client) -> Value {
    let path = format!("/temporal/entities/{}", thing("x"));
    client.get(&path).query(&[("options", "sysAttrs")]).send().expect_status(200).json()
}

/// The files of the archive that hold something.
fn archived(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("the folder is read").path()) {
        match path.is_dir() {
            true => files.extend(archived(&path)),
            false if path.extension().is_some_and(|kind| kind == "parquet") => files.push(path),
            false => {}
        }
    }
    files
}

// Issue 4: a backup holds the past, and what is restored goes on from there.
#[test]
fn a_backup_holds_the_past() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (backup, data) = (folder.path().join("backup"), folder.path().join("restored"));
    let city = start(hasty());
    let client = city.client();
    client.create(&t("x", json!({"a": property(0)})));
    for value in 1..=40 {
        change(&client, value);
        if value % 10 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(150));
        }
    }
    let before = evolution(&client);
    let (done, said) = machi(&Environment::default(), &["backup", "--data"], &[&city.data(), &backup]);
    assert!(done, "{said}");
    change(&client, 99);
    city.kill();
    let (done, said) = machi(&Environment::default(), &["restore", "--data"], &[&data, &backup]);
    assert!(done, "{said}");
    let restored = start(Options { data: Some(data), ..hasty() });
    let client = restored.client();
    assert_eq!(evolution(&client), before);
    change(&client, 100);
    assert_eq!(past_values(&client), (0..=40).chain([100]).collect::<Vec<_>>());
    restored.restart();
    assert_eq!(past_values(&client), (0..=40).chain([100]).collect::<Vec<_>>());
}

// Issue 4, bad input: a damaged file of the archive is named, and everything else is read.
#[test]
fn a_damaged_archive_is_told_by_name() {
    let city = start(hasty());
    let (client, other) = (city.client(), city.tenant("other"));
    for client in [&client, &other] {
        client.create(&t("x", json!({"a": property(0)})));
        (1..=20).for_each(|value| change(client, value));
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    city.stop();
    let folder = city.data().join("history/_default/instances");
    let file = archived(&folder).pop().expect("something is archived");
    let mut bytes = std::fs::read(&file).expect("the file is read");
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x55;
    std::fs::write(&file, bytes).expect("the file is written");
    let (done, said) = machi(city.environment(), &["verify", "--data"], &[&city.data()]);
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(!done && said.contains(&name), "{said}");
    city.restart();
    let answer = client.get(&format!("/temporal/entities/{}", thing("x"))).send().expect_status(500);
    assert!(answer.text().contains(&name), "{}", answer.text());
    assert_eq!(client.retrieve(&thing("x"))["a"]["value"], 20);
    assert_eq!(past_values(&other), (0..=20).collect::<Vec<_>>());
}

// §4.5.7: an erased tenant leaves no past, on disk neither.
#[test]
fn an_erased_tenant_leaves_no_past() {
    let city = start(hasty());
    let aoi = city.tenant("aoi");
    aoi.create(&t("x", json!({"a": property(0)})));
    (1..=20).for_each(|value| change(&aoi, value));
    std::thread::sleep(std::time::Duration::from_millis(600));
    let (done, said) =
        machi(&Environment::default(), &["tenants", "erase", "aoi", "--confirm", "aoi", "--data"], &[&city.data()]);
    assert!(done, "{said}");
    assert_eq!(archived(&city.data().join("history/aoi")), Vec::<PathBuf>::new());
    aoi.create(&t("x", json!({"a": property(7)})));
    assert_eq!(past_values(&aoi), [7]);
    city.kill();
    city.restart();
    assert_eq!(past_values(&aoi), [7]);
}

/// The time behind everything that was written.
fn now(client: &Client) -> String {
    let answer = client.get("/machi/v1/changes").query(&[("from", "2020-01-01T00:00:00Z"), ("limit", "1")]).send();
    answer.expect_status(200).json()["to"].as_str().expect("a time").to_owned()
}

// Issue 4, build 3: queries answer with the state and the graph of an instant.
#[test]
fn the_city_is_shown_as_it_was() {
    let city = start(hasty());
    let client = city.client();
    let link = |to: &str| json!({"type": "Relationship", "object": thing(to)});
    client.create(&t("house", json!({"name": property("old")})));
    client.create(&t("x", json!({"a": property(1), "in": link("house"), "location": point(139.7, 35.6)})));
    client.create(&t("y", json!({"a": property(5)})));
    let questions: [&[(&str, &str)]; 5] = [
        &[("type", "T"), ("options", "sysAttrs"), ("count", "true")],
        &[("type", "T"), ("q", "a>2")],
        &[("type", "T"), ("q", "in{name}==\"old\""), ("join", "inline"), ("joinLevel", "1")],
        &[("type", "T"), ("georel", "near;maxDistance==10"), ("geometry", "Point"), ("coordinates", "[139.7,35.6]")],
        &[("type", "T"), ("join", "inline"), ("joinLevel", "2"), ("orderBy", "a;desc")],
    ];
    let ask = |extra: &[(&str, &str)]| -> Vec<Value> {
        questions.iter().map(|query| client.find(&[*query, extra].concat())).collect()
    };
    let mut moments = Vec::new();
    let steps: [&dyn Fn(); 6] = [
        &|| change(&client, 3),
        &|| drop(client.patch(&format!("/entities/{}", thing("house"))).json(json!({"name": property("new")})).send()),
        &|| drop(client.delete(&format!("/entities/{}", thing("y"))).send().expect_status(204)),
        &|| client.create(&t("z", json!({"a": property(9), "in": link("house"), "location": point(139.7, 35.6)}))),
        &|| drop(client.delete(&format!("/entities/{}/attrs/location", thing("x"))).send().expect_status(204)),
        &|| std::thread::sleep(std::time::Duration::from_millis(400)),
    ];
    for step in steps {
        moments.push((now(&client), ask(&[])));
        step();
    }
    for (number, (time, before)) in moments.iter().enumerate() {
        assert_eq!(ask(&[("asOf", time)]), *before, "moment {number}");
    }
    let first = &moments[0].0;
    let then = client.retrieve_with(&thing("y"), &[("asOf", first)]);
    assert_eq!(then["a"]["value"], 5);
    client.expect_absent(&thing("y"));
    let body = json!({"type": "Query", "entities": [{"type": "T"}], "q": "a<2"});
    let posted = client.post("/entityOperations/query").query(&[("asOf", first)]).json(body).send().expect_status(200);
    assert_eq!(ids(&posted.json()), [thing("x")]);
    let page = client.get("/entities").query(&[("type", "T"), ("limit", "1"), ("asOf", first)]).send();
    let next = page.expect_status(200).link("next").expect("there are more");
    assert_eq!(client.get(&next).send().expect_status(200).json().as_array().map(Vec::len), Some(1));
    for (wrong, fault) in [
        ("tomorrow", "BadRequestData"),
        ("2999-01-01T00:00:00Z", "BadRequestData"),
        ("9999999999999", "BadRequestData"),
    ] {
        client.get("/entities").query(&[("type", "T"), ("asOf", wrong)]).send().problem(fault);
    }
}

/// The bytes of the archive's data on disk.
fn archived_bytes(city: &City) -> u64 {
    let files = archived(&city.data().join("history/_default/instances"));
    files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

/// Waits until something holds.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < std::time::Duration::from_mins(2), "{what}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// A city that archives at once, and removes files soon after they have left their table.
fn tidy() -> Options {
    let history = "[history]\narchive_after = \"100ms\"\nupkeep = \"200ms\"\nfiles_kept = \"3s\"\n";
    Options { config: Some(format!("{history}[limits]\ninstances = 100000\n")), ..Options::default() }
}

/// What the policies of the default tenant came to.
fn policies(client: &Client) -> Value {
    client.get("/machi/v1/history/policies").send().expect_status(200).json()
}

// Issue 4, build 5 and line 8: old instances become hours, then nothing; no query sees a gap or a duplicate meanwhile, and
// a hold stops it.
#[test]
fn old_instances_become_hours_and_then_nothing() {
    let city = start(tidy());
    let client = city.client();
    let path = format!("/temporal/entities/{}", thing("x"));
    client.create(&t("x", json!({"a": property(0), "name": property("x")})));
    // Two days of an old year, ten seconds apart.
    for (day, hour) in (1..=2_u32).flat_map(|day| (0..24_u32).map(move |hour| (day, hour))) {
        let value = |step: u32| {
            let at = format!("2020-01-{day:02}T{hour:02}:{:02}:{:02}Z", step / 6, step % 6 * 10);
            json!({"value": f64::from((step * 37 + hour) % 101) / 10.0, "observedAt": at})
        };
        let told = json!({"a": (0..360).map(value).collect::<Vec<_>>()});
        client.post(&format!("{path}/attrs")).json(told).send().expect_status(204);
    }
    let interval = [("timerel", "between"), ("timeAt", "2020-01-01T00:00:00Z"), ("endTimeAt", "2020-01-03T00:00:00Z")];
    let methods =
        [("format", "aggregatedValues"), ("aggrMethods", "totalCount,sum,avg,min,max"), ("aggrPeriodDuration", "PT1H")];
    let of_a = |more: &[(&str, &str)]| -> Value {
        client.get(&path).query(&[&interval[..], more].concat()).send().expect_status(200).json()["a"].clone()
    };
    let before = of_a(&methods);
    assert_eq!(before["totalCount"].as_array().map(Vec::len), Some(48));
    let (hold, policy) = ("/machi/v1/history/holds/court", "/machi/v1/history/policies/T");
    client.put(hold).json(json!({"reason": "court", "ids": [thing("x")]})).send().expect_status(201);
    client.put(policy).json(json!({"raw": "P30D", "hours": "forever"})).send().expect_status(201);
    wait_for("the policy is applied", || policies(&client)["applied"].is_object());
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(of_a(&[]).as_array().map(Vec::len), Some(48 * 360), "what is held stays");
    client.delete(&path).send().expect_status(422);
    client.delete(hold).send().expect_status(204);
    wait_for("hours come in the place of what was measured", || {
        assert_eq!(of_a(&methods), before, "figures stay the same meanwhile");
        of_a(&[]).as_array().is_some_and(|all| all.len() == 48)
    });
    city.kill();
    city.restart();
    assert_eq!(of_a(&methods), before);
    let first = &of_a(&[])[0];
    let told = &first["urn:machi:summary"]["value"];
    assert_eq!((&first["observedAt"], &told["count"]), (&json!("2020-01-01T00:00:00Z"), &json!(360)));
    client.put(policy).json(json!({"raw": "P30D"})).send().expect_status(204);
    wait_for("nothing is left of it", || client.get(&path).query(&interval).send().status == 404);
    assert_eq!(client.retrieve(&thing("x"))["name"]["value"], "x");
    assert_eq!(past_values(&client), [0], "what is in force stays");
}

// Issue 4, line 8: what is dropped frees at least 95% of its room on the disk.
#[test]
fn what_is_dropped_leaves_the_disk() {
    let city = start(tidy());
    let client = city.client();
    for number in 0..100_u64 {
        let value = |step: u64| {
            // Values that cannot be pressed together.
            let noise = (number * 400 + step + 1).wrapping_mul(6_364_136_223_846_793_005).rotate_left(29) >> 20;
            let (hour, minute, second) = (step / 60, step % 60, noise % 60);
            json!({"value": noise, "observedAt": format!("2020-02-01T{hour:02}:{minute:02}:{second:02}Z")})
        };
        let id = thing(&format!("n{number}"));
        let body = json!({"id": id, "type": "T", "a": (0..400).map(value).collect::<Vec<_>>()});
        client.post("/temporal/entities").json(body).send().expect_status(201);
    }
    client.create(&t("x", json!({"a": property(0)})));
    // What was merged leaves the disk after some seconds.
    let rests = || {
        let bytes = archived_bytes(&city);
        std::thread::sleep(std::time::Duration::from_secs(4));
        bytes > 100_000 && bytes == archived_bytes(&city)
    };
    wait_for("all is archived and merged", rests);
    let before = archived_bytes(&city);
    client.put("/machi/v1/history/policies/*").json(json!({"raw": "P1Y"})).send().expect_status(201);
    // Beside what was dropped there is one row, and the form of a file.
    wait_for("95% of it is free", || archived_bytes(&city) <= before / 20);
    let query =
        [("type", "T"), ("timerel", "before"), ("timeAt", "2030-01-01T00:00:00Z"), ("timeproperty", "modifiedAt")];
    let left = client.get("/temporal/entities").query(&query).send().expect_status(200).json();
    assert_eq!(ids(&left), [thing("x")], "what is in force stays");
    let early = client.get("/entities").query(&[("type", "T"), ("asOf", "2020-03-01T00:00:00Z")]).send();
    assert_eq!(
        early.expect_status(200).json(),
        json!([]),
        "no change of the city was dropped, and it is known as it was"
    );
}
