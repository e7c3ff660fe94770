//! What is refused at the start, with a sentence that says why, and what a city tells while it starts and ends.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;

use crate::process::{Running, machi, output, text};

fn refusal(arguments: &[&str]) -> String {
    let refused = output(arguments);
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(1), String::new()));
    text(&refused.stderr)
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for data in [file.to_str().unwrap(), "/proc/nothing/city"] {
        let told = refusal(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data]);
        let expected = format!(
            "machi: the city's data cannot be opened: the data folder {data} cannot be used; check that it is a folder"
        );
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[test]
fn a_folder_may_be_named_from_where_one_stands() {
    let folder = tempfile::tempdir().unwrap();
    for data in ["city", "cities/aoi", "./here"] {
        let mut command = machi(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data]);
        command.current_dir(folder.path());
        let mut city = Running::spawn(command);
        assert!(city.line.trim_end().ends_with(&format!("data {data}")), "{}", city.line);
        city.end(Signal::TERM);
        assert!(folder.path().join(data).join("format").is_file(), "{data}");
    }
}

#[test]
fn a_newer_format_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let data = data.to_str().unwrap();
    Running::start(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data]).end(Signal::TERM);
    let content = "machi 99 seed 0000000000000001";
    let format = folder.path().join("city/format");
    fs::write(&format, format!("{content} sum {:08x}\n", crc32fast::hash(content.as_bytes()))).unwrap();
    let told = refusal(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data]);
    let expected = format!("{} has format 99, and this Machi reads up to 2", format.display());
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn a_city_has_one_lock() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let _city = Running::start(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let names = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let locks: Vec<String> = names.filter(|name| name.contains("lock")).collect();
    assert_eq!(locks, ["lock"]);
}

#[test]
fn a_signal_ends_open_connections_live_streams_and_long_requests_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let mut city = Running::start(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let connect = || {
        let stream = TcpStream::connect(city.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let mut idle: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    let mut live = connect();
    live.write_all(b"GET /machi/v1/live HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n").unwrap();
    let mut begun = [0; 512];
    let read = live.read(&mut begun).unwrap();
    assert!(String::from_utf8_lossy(&begun[..read]).starts_with("HTTP/1.1 200"));
    // A batch whose body never ends, and a request whose head never does.
    let mut long = connect();
    long.write_all(b"POST /ngsi-ld/v1/entityOperations/upsert HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n").unwrap();
    let mut slow = connect();
    slow.write_all(b"GET / HTTP/1.1\r\nhost").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let (status, took) = city.end(Signal::TERM);
    assert!(status.success() && took < Duration::from_secs(5), "{status} {took:?}");
    assert_eq!(idle[0].read(&mut [0]).unwrap_or(0), 0);
    drop(idle.pop());
}

#[test]
fn lines_of_requests_carry_the_id_that_the_answer_carries() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("city"), folder.path().join("machi.toml"));
    fs::write(&file, "[log]\nformat = \"json\"\nfilter = \"info,machi::access=debug\"\n").unwrap();
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let mut city = Running::start(&["serve", "--open", "--listen", "127.0.0.1:0", "--data", data, "--config", file]);
    let answer = city.get("/ngsi-ld/v1/types");
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().trim().to_owned();
    city.get("/ngsi-ld/v1/types HTTP/1.1\r\nx-request-id: tracing-7\r\nx-rest:");
    city.end(Signal::TERM);
    let (_, log) = city.rest();
    let line = |needle: &str| log.lines().find(|line| line.contains(needle)).map(str::to_owned);
    let own = line(&format!("\"request.id\":\"{id}\"")).unwrap_or_else(|| panic!("{log}"));
    assert!(own.contains("\"http.path\":\"/ngsi-ld/v1/types\"") && own.contains("\"http.status\":200"), "{own}");
    assert!(line("\"request.given_id\":\"tracing-7\"").is_some(), "{log}");
    for line in log.lines() {
        assert!(line.starts_with("{\"timestamp\":\"") && line.ends_with('}'), "{line}");
    }
}
