//! Backup, restore and verify, of running and of resting cities.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::process::refused_start;

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

/// Who may read and write a file, as `chmod` tells it.
fn rights(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
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
    assert_eq!(rights(&backup.join("format")), 0o600);
    let put_back = machi(&["restore", backup.to_str().unwrap()], &restored);
    assert!(put_back.status.success(), "{}", said(&put_back));
    for folder in [&restored, &data] {
        let seen = machi(&["verify"], folder);
        assert!(said(&seen).starts_with("everything is whole: 1 documents"), "{}", said(&seen));
    }
}

/// The files of a folder with their contents, those of folders below it included.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

// A check of a city that rests is a look at it: no byte changes, also where a kill has left a tail of journal.
#[test]
fn a_city_at_rest_is_proven_whole_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (data, scratch) = (folder.path().join("city"), folder.path().join("scratch"));
    fs::create_dir(&scratch).unwrap();
    let mut child = city(&data);
    let _ = child.kill();
    let _ = child.wait();
    let before = contents(&data);
    for _ in 0..2 {
        let seen = Command::new(MACHI).args(["verify", "--data"]).arg(&data).env("TMPDIR", &scratch).output().unwrap();
        assert!(said(&seen).starts_with("everything is whole: 1 documents"), "{}", said(&seen));
        assert!(contents(&data) == before, "the folder has changed");
    }
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);
}

/// A city that rests, and a backup of it.
fn city_and_backup(folder: &Path) -> (PathBuf, PathBuf) {
    let (data, backup) = (folder.join("city"), folder.join("backup"));
    let mut child = city(&data);
    let _ = child.kill();
    let _ = child.wait();
    let saved = machi(&["backup", backup.to_str().unwrap()], &data);
    assert!(saved.status.success(), "{}", said(&saved));
    (data, backup)
}

// A backup is checked by its list, and what would open it as a city says what to do instead: it stays what it is.
#[test]
fn nothing_that_is_asked_of_a_backup_changes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_, backup) = city_and_backup(folder.path());
    let before = contents(&backup);
    let seen = machi(&["verify"], &backup);
    assert!(seen.status.success() && said(&seen).starts_with("the backup of position "), "{}", said(&seen));
    let told = format!("put it into a new folder with: machi restore {} --data FOLDER", backup.display());
    assert!(refused_start(&backup).contains(&told));
    let (export, context) = (folder.path().join("export"), folder.path().join("context"));
    fs::write(&context, r#"{"@context": {}}"#).unwrap();
    for arguments in [
        &["tenants", "list"] as &[&str],
        &["tenants", "export", "-", export.to_str().unwrap()],
        &["tenants", "erase", "-", "--confirm", "-"],
        &["context", "add", "https://nowhere.invalid/c", context.to_str().unwrap()],
        &["backup", folder.path().join("again").to_str().unwrap()],
    ] {
        let refused = machi(arguments, &backup);
        let told = format!("put it into a new folder with: machi restore {} --data FOLDER", backup.display());
        assert!(
            refused.status.code() == Some(1) && said(&refused).contains(&told),
            "{arguments:?}: {}",
            said(&refused)
        );
    }
    assert!(contents(&backup) == before, "the backup has changed");
    assert!(!export.exists());
    let restored = folder.path().join("restored");
    let put_back = machi(&["restore", backup.to_str().unwrap()], &restored);
    assert!(put_back.status.success(), "{}", said(&put_back));
    let seen = machi(&["verify"], &restored);
    assert!(said(&seen).starts_with("everything is whole: 1 documents"), "{}", said(&seen));
}

#[test]
fn a_backup_that_is_not_what_was_written_is_named_and_leaves_no_city() {
    let folder = tempfile::tempdir().unwrap();
    let (_, backup) = city_and_backup(folder.path());
    let whole = contents(&backup);
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let check = |file: &Path, restoring: &Path| {
        for output in [machi(&["verify"], &backup), machi(&["restore", backup.to_str().unwrap()], restoring)] {
            let told = said(&output);
            let is_named = told.contains(&format!("{} is damaged", file.display()));
            assert!(output.status.code() == Some(1) && is_named, "{told}");
        }
    };
    for (file, content) in &whole {
        let mut changed = content.clone();
        changed[content.len() / 2] ^= 1;
        fs::write(file, changed).unwrap();
        check(file, &folder.path().join("restored"));
        check(file, &empty);
        if !file.ends_with("backup") {
            fs::remove_file(file).unwrap();
            check(file, &empty);
        }
        fs::write(file, content).unwrap();
    }
    assert!(!folder.path().join("restored").exists());
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
    let put_back = machi(&["restore", backup.to_str().unwrap()], &empty);
    assert!(put_back.status.success(), "{}", said(&put_back));
}

#[test]
fn no_backup_goes_into_the_folder_of_a_city() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = city_and_backup(folder.path());
    std::os::unix::fs::symlink(&data, folder.path().join("link")).unwrap();
    let (before, before_backup) = (contents(&data), contents(&backup));
    for inner in ["city/inner", "city/documents/bk", "link/inner", "backup/../city/inner"] {
        let inner = folder.path().join(inner);
        for refused in
            [machi(&["backup", inner.to_str().unwrap()], &data), machi(&["restore", backup.to_str().unwrap()], &inner)]
        {
            let told = "which is the folder of a city or a backup; name one outside of it";
            assert!(refused.status.code() == Some(1) && said(&refused).contains(told), "{}", said(&refused));
        }
        assert!(!inner.exists());
    }
    let refused = machi(&["restore", backup.to_str().unwrap()], &backup.join("inner"));
    assert!(said(&refused).contains("name one outside of it"), "{}", said(&refused));
    assert!(contents(&backup) == before_backup);
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().filter(|path| path.parent() == Some(&data)).count();
    assert_eq!(names(&contents(&data)), names(&before));
}

#[test]
fn a_folder_that_lost_its_format_is_no_new_city() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = city_and_backup(folder.path());
    fs::remove_file(data.join("format")).unwrap();
    let told = refused_start(&data);
    assert!(told.contains("format is damaged: the file is missing"), "{told}");
}

#[test]
fn a_folder_without_a_city_is_said_to_hold_none() {
    let folder = tempfile::tempdir().unwrap();
    let seen = machi(&["verify"], folder.path());
    assert_eq!(seen.status.code(), Some(1));
    assert!(said(&seen).contains("holds no city"), "{}", said(&seen));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
