//! The wire protocol of PostgreSQL, by clients that nobody here wrote, and by bytes that none of them would send.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::kit::*;
use crate::outside::{printed_by, python};

/// A city that listens for clients of PostgreSQL, with these further settings, and its port.
fn listening(config: &str) -> (City, u16) {
    let city = city_with(&format!("[sql]\naddress = \"127.0.0.1:0\"\n{config}"));
    let port = port_of(&city);
    (city, port)
}

fn port_of(city: &City) -> u16 {
    eventually("the city tells where it listens", || {
        let log = city.log();
        let (_, told) = log.split_once("sql.address=127.0.0.1:")?;
        told.split(|each: char| !each.is_ascii_digit()).next()?.parse().ok()
    })
}

/// The city that most tests here share, and its port.
fn shared() -> &'static (City, u16) {
    static SHARED: OnceLock<(City, u16)> = OnceLock::new();
    SHARED.get_or_init(|| listening("rows = 100000\n[history]\narchive_after = \"1ms\"\nupkeep = \"100ms\"\n"))
}

/// A tenant of the shared city with a few sensors that have a past, and two rooms.
fn tenant() -> Client {
    let client = shared().0.fresh_tenant();
    let room = |name: &str, temperature: f64| {
        let id = format!("urn:ngsi-ld:Room:{name}");
        entity(
            &id,
            "Room",
            json!({"temperature": property(temperature), "isOpen": property(true), "inBuilding": property("b")}),
        )
    };
    client.create_all(&[room("1", 21.5), room("2", -3.25)]);
    for sensor in 0..3 {
        let id = format!("urn:ngsi-ld:Sensor:{sensor}");
        client.create(&entity(&id, "Sensor", json!({})));
        for day in 1..=20 {
            let level = json!({"type": "Property", "value": f64::from(day * (sensor + 1)) / 4.0,
                               "observedAt": format!("2026-03-{day:02}T00:00:00Z")});
            client.post(&format!("/entities/{id}/attrs")).json(json!({"level": level})).send().expect_status(204);
        }
    }
    client
}

/// What `wire.py` prints of something.
fn told(what: &str, client: &Client) -> Option<Value> {
    let (python, port) = (python()?, shared().1.to_string());
    Some(printed_by("wire.py", &python, &[what, &port, client.tenant().unwrap_or("-")]))
}

/// What psql prints, without decoration.
#[track_caller]
fn psql(port: u16, database: &str, command: &str) -> String {
    psql_with(&[], port, database, command)
}

#[track_caller]
fn psql_with(options: &[&str], port: u16, database: &str, command: &str) -> String {
    let mut psql = Command::new("psql");
    psql.args(options).args([
        "-X",
        "-h",
        "127.0.0.1",
        "-U",
        "me",
        "-v",
        "ON_ERROR_STOP=1",
        "-P",
        "pager=off",
        "-c",
        command,
    ]);
    let ran =
        psql.args(["-p", &port.to_string(), "-d", database]).env("PGCONNECT_TIMEOUT", "10").output().expect("psql");
    assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("UTF-8")
}

// Issue 4, line 4: the same totals by the wire, by SQL over HTTP, and by the temporal API.
#[test]
fn four_clients_and_two_other_faces_tell_the_same_totals() {
    let client = tenant();
    let Some(told) = told("totals", &client) else { return };
    let expected: Vec<Value> = (0..3)
        .map(|sensor| {
            let sum = f64::from((1..=20).sum::<i32>() * (sensor + 1)) / 4.0;
            json!([format!("urn:ngsi-ld:Sensor:{sensor}"), 20, sum, "2026-03-01T00:00:00+00:00"])
        })
        .collect();
    for by in ["text", "binary", "pg8000", "pandas"] {
        assert_eq!(told[by], json!(expected), "{by}");
    }
    assert!(told["types"].to_string().contains("datetime64"), "{told}");
    let http = rows(
        &client,
        "SELECT entity, count(*) AS count, sum(number) AS sum FROM history WHERE attribute = 'level' GROUP BY 1 ORDER BY 1",
    );
    for (row, same) in http.as_array().expect("rows").iter().zip(&expected) {
        assert_eq!(json!([row["entity"], row["count"], row["sum"]]), json!(same.as_array().expect("a row")[..3]));
    }
    for same in &expected {
        let path = format!("/temporal/entities/{}", same[0].as_str().unwrap_or_default());
        let query = [
            ("attrs", "level"),
            ("timerel", "after"),
            ("timeAt", "2026-01-01T00:00:00Z"),
            ("format", "aggregatedValues"),
            ("aggrMethods", "totalCount,sum"),
            ("aggrPeriodDuration", "PT0S"),
        ];
        let answer = client.get(&path).query(&query).send().expect_status(200).json();
        let of = |method: &str| answer["level"][method][0][0].as_f64();
        assert_eq!([of("totalCount"), of("sum")], [same[1].as_f64(), same[2].as_f64()], "{answer}");
    }
}

#[test]
fn parameters_mean_what_they_are() {
    let Some(told) = told("parameters", &tenant()) else { return };
    let all = json!({"text": true, "binary": true, "given binary": true, "given text": true});
    assert_eq!(told["same"], all);
    assert_eq!(told["counts"], json!([55, 55, 19, 57, 57, 20]));
    assert_eq!(told["prepared"], json!(true));
}

#[test]
fn rows_are_fetched_some_at_a_time() {
    let Some(told) = told("cursors", &tenant()) else { return };
    let all = 25_000 * 25_001 / 2;
    assert_eq!(told["first"], json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    assert_eq!(told["rest"], json!(all - 55));
    assert_eq!(told["last"], json!(10));
    assert_eq!(told["binary"], json!([[1], [2], [3]]));
    assert_eq!(told["streamed"], json!(all));
    assert_eq!(told["parts"], json!([5000, 5000, 5000, 5000, 5000]));
}

#[test]
fn a_query_ends_when_its_client_cancels_it() {
    let Some(told) = told("cancelled", &tenant()) else { return };
    assert_eq!(told, json!({"told": "57014", "soon": true, "then": 1}));
}

#[test]
fn each_fault_has_its_code_and_the_connection_goes_on() {
    let Some(told) = told("refusals", &tenant()) else { return };
    for (text, code) in [
        ("SELEC 1", "42601"),
        ("SELECT 'a", "42601"),
        ("SELECT * FROM \"Nowhere\"", "42P01"),
        ("SELECT nothing FROM history", "42703"),
        ("SELECT no_such_function(1)", "42883"),
        ("SELECT CAST('x' AS INT)", "22P02"),
        ("SELECT 1 / 0", "22012"),
        ("INSERT INTO history (entity) VALUES ('urn:x:1')", "25006"),
        ("DELETE FROM history", "25006"),
        ("UPDATE history SET number = 1", "25006"),
        ("CREATE TABLE t (a int)", "25006"),
        ("DROP TABLE history", "25006"),
        ("COPY history TO 'out.csv'", "25006"),
        ("SELECT * FROM read_csv('/etc/passwd')", "42883"),
        ("SELECT pg_read_file('/etc/passwd')", "42883"),
        ("SELECT pg_sleep(10)", "42883"),
        ("SELECT repeat('x', 1000000000)", "42883"),
        ("FETCH 1 FROM nothing", "34000"),
        ("SET client_encoding TO 'SJIS'", "0A000"),
        ("SELECT value FROM generate_series(1, 200000)", "54000"),
    ] {
        assert_eq!(told[text], json!([code, code]), "{text}");
    }
    let external = &told["CREATE EXTERNAL TABLE t (a int) STORED AS CSV LOCATION '/etc/passwd'"];
    assert!(external.as_array().is_some_and(|codes| codes.iter().all(Value::is_string)), "{external}");
    assert!(has_japanese(told["japanese"].as_str().unwrap_or_default()), "{told}");
    assert_eq!((&told["transaction"], &told["after"]), (&json!("25P02"), &json!(1)));
    assert!(told["tenant"].as_str().is_some_and(|text| text.contains("there is no tenant \"nobody\"")), "{told}");
}

#[test]
fn what_clients_set_and_ask_has_its_answer() {
    let client = tenant();
    let Some(told) = told("settings", &client) else { return };
    let database = client.tenant().unwrap_or_default();
    assert_eq!(
        told,
        json!({
            "transaction_read_only": "on", "server_encoding": "UTF8", "TimeZone": "UTC", "application_name": "tests",
            "several": [[[1]], [[2, 3]]], "who": [database, "public", "me", true], "nested": 1, "context": [2, "42000"],
        })
    );
}

#[test]
fn sqlalchemy_finds_the_tables_and_their_columns() {
    let Some(told) = told("reflected", &tenant()) else { return };
    assert_eq!(told["tables"], json!(["Room", "Sensor", "history"]));
    assert_eq!(told["has"], json!([true, false]));
    assert_eq!(told["columns"]["temperature"], json!(["DOUBLE PRECISION", true]));
    assert_eq!(told["columns"]["isOpen"], json!(["BOOLEAN", true]));
    assert_eq!(told["columns"]["id"], json!(["TEXT", false]));
    assert_eq!(told["columns"]["createdAt"][0], json!("TIMESTAMP"));
    assert_eq!((&told["keys"], &told["indexes"]), (&json!([[], []]), &json!([])));
    assert_eq!(told["rows"], json!([["urn:ngsi-ld:Room:1"], ["urn:ngsi-ld:Room:2"]]));
}

#[test]
fn psql_shows_tables_columns_and_databases() {
    let client = tenant();
    let (port, database) = (shared().1, client.tenant().unwrap_or_default());
    let tables = psql(port, database, "\\d");
    assert!(tables.contains(" public | Room    | table | me"), "{tables}");
    assert!(psql(port, database, "\\dt").contains("history"), "{tables}");
    let columns = psql(port, database, "\\d \"Room\"");
    for row in [" temperature | double precision ", " id          | text                     |           | not null"] {
        assert!(columns.contains(row), "{columns}");
    }
    let databases = psql(port, database, "\\l");
    assert!(databases.contains(&format!(" {database} ")) && databases.contains("UTF8"), "{databases}");
    for other in [
        "\\dn",
        "\\du",
        "\\dv",
        "\\di",
        "\\df",
        "\\dT",
        "\\d history",
        "\\dt+",
        "\\d+ \"Room\"",
        "\\dp",
        "\\l+",
        "\\db",
    ] {
        psql(port, database, other);
    }
    let asked = psql(port, database, "SELECT id, temperature FROM \"Room\" ORDER BY 2");
    assert!(asked.contains("urn:ngsi-ld:Room:2 |       -3.25") && asked.contains("(2 rows)"), "{asked}");
    let fetched = psql_with(&["-v", "FETCH_COUNT=7"], port, database, "SELECT value FROM generate_series(1, 20)");
    assert!(fetched.contains("20"), "{fetched}");
}

#[test]
fn databases_are_tenants() {
    let (city, port) = shared();
    let (one, other) = (tenant(), city.fresh_tenant());
    other.create(&entity("urn:ngsi-ld:Secret:1", "Secret", json!({})));
    let count = |database: &str| {
        psql(*port, database, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    };
    let (mine, theirs) = (count(one.tenant().unwrap_or_default()), count(other.tenant().unwrap_or_default()));
    assert!(mine.contains("Room") && !mine.contains("Secret"), "{mine}");
    assert!(theirs.contains("Secret") && !theirs.contains("Room"), "{theirs}");
    for default in ["machi", "postgres", "-", "me"] {
        let tables = count(default);
        assert!(
            tables.contains("history") && !tables.contains("Room") && !tables.contains("Secret"),
            "{default}: {tables}"
        );
    }
}

/// A connection that was let in, as bytes.
fn let_in(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time-out");
    let body = [&196_608_u32.to_be_bytes()[..], b"user\0me\0database\0machi\0\0"].concat();
    stream.write_all(&[&(body.len() as u32 + 4).to_be_bytes()[..], &body].concat()).expect("it is sent");
    assert_eq!(kinds(&mut stream).last(), Some(&b'Z'));
    stream
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

/// The kinds of the messages up to the one that says that the city is ready, or to the end.
fn kinds(stream: &mut TcpStream) -> Vec<u8> {
    let mut kinds = Vec::new();
    let mut head = [0; 5];
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).expect("a whole message");
        kinds.push(head[0]);
        if head[0] == b'Z' {
            break;
        }
    }
    kinds
}

#[test]
fn portals_give_as_many_rows_as_are_asked_for() {
    let mut stream = let_in(shared().1);
    let query = b"\0SELECT value FROM generate_series(1, 5)\0\0\0";
    let execute = |rows: u32| message(b'E', &[&b"p\0"[..], &rows.to_be_bytes()].concat());
    let asked = [
        message(b'P', query),
        message(b'B', b"p\0\0\0\0\0\0\0\0"),
        message(b'D', b"Pp\0"),
        execute(2),
        execute(2),
        execute(0),
        execute(0),
        message(b'S', b""),
        // It went with the request.
        execute(0),
        message(b'S', b""),
    ];
    stream.write_all(&asked.concat()).expect("it is sent");
    assert_eq!(kinds(&mut stream), b"12TDDsDDsDCCZ");
    assert_eq!(kinds(&mut stream), b"EZ");
}

#[test]
fn rubbish_ends_a_connection_and_nothing_else() {
    let port = shared().1;
    let first: [Vec<u8>; 6] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        vec![0xff; 4096],
        vec![0; 64],
        0x4000_0000_u32.to_be_bytes().to_vec(),
        [&8_u32.to_be_bytes()[..], &80_877_103_u32.to_be_bytes()].concat().repeat(100),
        [&16_u32.to_be_bytes()[..], &80_877_102_u32.to_be_bytes(), &[1; 8]].concat(),
    ];
    for bytes in first {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time-out");
        // It may be closed before all is sent.
        let _ = stream.write_all(&bytes);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.iter().all(|byte| *byte == b'N') || rest[0] == b'E', "{bytes:?}: {rest:?}");
    }
    let later = [
        [&b"Q"[..], &0x3fff_ffff_u32.to_be_bytes()].concat(),
        [&b"Q"[..], &3_u32.to_be_bytes()].concat(),
        message(b'?', b"x"),
        message(b'B', b"\0\0\0\x09"),
        message(b'P', b"no end"),
        message(b'Q', b"SELECT '\xff'\0"),
        message(b'D', b"Xp\0"),
    ];
    for bytes in later {
        let mut stream = let_in(port);
        let _ = stream.write_all(&bytes);
        assert_eq!(kinds(&mut stream), b"E", "{bytes:?}");
    }
    assert!(psql(port, "machi", "SELECT 1").contains('1'));
    let log = shared().0.log();
    assert!(!log.contains("panic"), "{log}");
}

#[test]
fn clients_that_go_leave_their_turn_to_others() {
    let (_city, port) = listening("queries = 1\ntime = \"5 min\"\n");
    let endless = b"SELECT count(*) FROM generate_series(1, 9000000000) a, generate_series(1, 9000000000) b\0";
    let unread = b"SELECT value, value, value, value FROM generate_series(1, 9000000)\0";
    // One goes before its first row, one while rows are on their way, one without a word in between.
    for query in [&endless[..], unread] {
        for rest in [message(b'X', b""), Vec::new()] {
            let mut stream = let_in(port);
            stream.write_all(&message(b'Q', query)).expect("it is sent");
            std::thread::sleep(Duration::from_millis(300));
            stream.write_all(&rest).expect("it is sent");
            stream.shutdown(Shutdown::Both).expect("it is open");
            drop(stream);
            assert!(psql(port, "machi", "SELECT 42").contains("42"));
        }
    }
}

#[test]
fn a_cursor_holds_its_turn_no_longer_than_a_query_may_take() {
    let (_city, port) = listening("queries = 1\ntime = \"1s\"\n");
    let mut stream = let_in(port);
    let asked =
        message(b'Q', b"BEGIN; DECLARE c CURSOR FOR SELECT value FROM generate_series(1, 9000000); FETCH 1 FROM c\0");
    stream.write_all(&asked).expect("it is sent");
    assert_eq!(kinds(&mut stream), b"CCTDCZ");
    eventually("others are answered", || {
        let mut other = let_in(port);
        other.write_all(&message(b'Q', b"SELECT 1\0")).expect("it is sent");
        (kinds(&mut other) == b"TDCZ").then_some(())
    });
    stream.write_all(&message(b'Q', b"FETCH 1 FROM c\0")).expect("it is sent");
    assert_eq!(kinds(&mut stream), b"EZ");
}

#[test]
fn connections_are_bounded_and_a_city_that_closes_ends_them() {
    let (city, port) = listening("connections = 2\n");
    let mut open = [let_in(port), let_in(port)];
    let mut third = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    third.write_all(b"\0\0\0\x11\0\x03\0\0user\0me\0\0").expect("it is sent");
    let mut told = Vec::new();
    third.read_to_end(&mut told).expect("it is told why");
    assert!(String::from_utf8_lossy(&told).contains("53300"), "{told:?}");
    assert!(city.stop().success());
    for stream in &mut open {
        assert_eq!(kinds(stream), b"E");
    }
}

#[test]
fn a_taken_port_is_told_and_a_city_that_can_be_reached_asks_for_its_networks() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it has one");
    for (address, told) in [(address.to_string(), "in use"), ("0.0.0.0:0".to_owned(), "--open-to")] {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("machi.toml");
        std::fs::write(&config, format!("[sql]\naddress = \"{address}\"\n")).expect("it is written");
        let mut machi = Command::new(env!("CARGO_BIN_EXE_machi"));
        machi.args(["serve", "--open", "--listen", "127.0.0.1:0", "--config"]).arg(&config);
        let ran = machi.arg("--data").arg(folder.path().join("data")).output().expect("it runs");
        let text = String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success() && text.contains(told) && text.contains(&address), "{text}");
    }
}
