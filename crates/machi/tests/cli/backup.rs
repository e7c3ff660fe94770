//! Backup, restore and verify, of running and of resting cities.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const MACHI: &str = env!("CARGO_BIN_EXE_machi");

fn machi(arguments: &[&str], data: &Path) -> Output {
    Command::new(MACHI).args(arguments).arg("--data").arg(data).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Starts a city and stores one entity in it.
fn city(data: &Path) -> Child {
    let mut child = Command::new(MACHI)
        .args(["serve", "--listen", "127.0.0.1:0", "--open", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let body = r#"{"id":"urn:ngsi-ld:Room:1","type":"Room","temperature":21.5}"#;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).unwrap();
    assert!(status.contains("201"), "{status}");
    child
}

#[test]
fn a_running_city_is_backed_up_restored_and_proven_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup, restored) =
        (folder.path().join("city"), folder.path().join("backup"), folder.path().join("restored"));
    let mut child = city(&data);
    let saved = machi(&["backup", backup.to_str().unwrap()], &data);
    let seen = machi(&["verify"], &data);
    let _ = child.kill();
    let _ = child.wait();
    assert!(saved.status.success(), "{}", said(&saved));
    assert!(said(&seen).starts_with("everything is whole: 1 documents"), "{}", said(&seen));
    let put_back = machi(&["restore", backup.to_str().unwrap()], &restored);
    assert!(put_back.status.success(), "{}", said(&put_back));
    for folder in [&restored, &data] {
        let seen = machi(&["verify"], folder);
        assert!(said(&seen).starts_with("everything is whole: 1 documents"), "{}", said(&seen));
    }
}

#[test]
fn a_folder_without_a_city_is_said_to_hold_none() {
    let folder = tempfile::tempdir().unwrap();
    let seen = machi(&["verify"], folder.path());
    assert_eq!(seen.status.code(), Some(1));
    assert!(said(&seen).contains("holds no city"), "{}", said(&seen));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
