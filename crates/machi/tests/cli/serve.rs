//! A city's life as operators see it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::{Running, output, text};

fn open(folder: &Path, more: &[&str]) -> Running {
    let data = folder.join("city");
    let mut arguments = vec!["serve", "--data", data.to_str().unwrap(), "--open"];
    if !more.contains(&"--listen") {
        arguments.extend(["--listen", "127.0.0.1:0"]);
    }
    arguments.extend(more);
    Running::start(&arguments)
}

#[test]
fn a_city_opens_answers_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut city = open(folder.path(), &[]);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let data = folder.path().join("city");
    assert_eq!(city.line, format!("machi ready on http://{} data {}\n", city.address, data.display()));
    assert!(data.is_dir() && city.address.port() != 0);

    for (path, expected) in [
        ("/healthz", r#"{"status":"ok","version":"0.1.0"}"#),
        ("/readyz", r#"{"status":"ready","version":"0.1.0"}"#),
        ("/openapi.json", "\"openapi\": \"3.1.0\""),
        ("/metrics", "# EOF\n"),
        ("/", "<title>Machi"),
    ] {
        let answer = city.get(path);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains(expected), "{path}: {answer}");
    }
    assert!(city.get("/nothing").starts_with("HTTP/1.1 404 "));

    // A client that rests and one that is in the middle of a request hold nothing up.
    let mut resting = TcpStream::connect(city.address).unwrap();
    let mut slow = TcpStream::connect(city.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost").unwrap();
    let (status, took) = city.end(Signal::TERM);
    assert!(status.success() && took < Duration::from_secs(5), "{status} {took:?}");
    assert_eq!(resting.read(&mut [0]).unwrap_or(0), 0);
    let (output, errors) = city.rest();
    assert_eq!(output, "", "one line alone goes to standard output");
    assert!(errors.contains("the city is open") && errors.contains("the city is closed"), "{errors}");
}

#[test]
fn an_interrupt_closes_the_city_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut city = open(folder.path(), &[]);
    let (status, _) = city.end(Signal::INT);
    assert!(status.success(), "{status}");
}

#[test]
fn a_closed_city_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    for (more, expected) in [
        (
            ["--listen", "127.0.0.1:0"].as_slice(),
            "machi: this version has no sign-in, so whoever reaches the city can read and change everything; add --open",
        ),
        (
            &["--listen", "0.0.0.0:0", "--open"],
            "machi: 0.0.0.0:0 can be reached from other machines, and there is no sign-in; listen on 127.0.0.1",
        ),
    ] {
        let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
        arguments.extend(more);
        let refused = output(&arguments);
        assert_eq!((refused.status.code(), text(&refused.stdout).as_str()), (Some(1), ""));
        assert!(text(&refused.stderr).starts_with(expected), "{}", text(&refused.stderr));
        assert!(!data.exists());
    }
}

#[test]
fn a_private_network_can_be_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let city = Running::start(&[
        "serve",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "0.0.0.0:0",
        "--open",
        "--open-to",
        "10.1.0.0/16",
    ]);
    let mut stream = TcpStream::connect(("127.0.0.1", city.address.port())).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}

#[test]
fn what_is_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let city = open(folder.path(), &[]);
    let data = folder.path().join("city");
    let twice = output(&["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--open"]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(
        text(&twice.stderr)
            .contains(&format!("the data folder {} is in use by another process; stop that one first", data.display())),
        "{}",
        text(&twice.stderr)
    );

    let other = folder.path().join("other");
    let listen = city.address.to_string();
    let taken = output(&["serve", "--data", other.to_str().unwrap(), "--listen", &listen, "--open"]);
    assert_eq!(taken.status.code(), Some(1));
    let expected =
        format!("machi: {listen} is in use by another program; stop that one, or choose another port with --listen");
    assert!(text(&taken.stderr).starts_with(&expected), "{}", text(&taken.stderr));
}

#[test]
fn a_port_is_free_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    for _ in 0..2 {
        let mut city = open(folder.path(), &["--listen", &listen]);
        city.get("/healthz");
        city.end(Signal::TERM);
    }
}

#[test]
fn a_resting_city_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let city = open(folder.path(), &[]);
    city.get("/healthz");
    let figures = city.get("/metrics");
    let line = figures.lines().find(|line| line.starts_with("process_resident_memory_bytes ")).unwrap();
    let bytes: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(bytes < 30 << 20, "{line}");
}
